// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packagesDir = fileURLToPath(new URL("./packages/", import.meta.url));

// Tests run on the sources, so coverage speaks of them and no build is needed between edit and test. (Processes that a
// test starts run what `tsc -b` built.)
const alias = readdirSync(packagesDir).flatMap((name) => [
  { find: new RegExp(`^@grpc-router/${name}/(.+_pb)\\.js$`), replacement: `${packagesDir}${name}/src/gen/$1.ts` },
  { find: new RegExp(`^@grpc-router/${name}$`), replacement: `${packagesDir}${name}/src/index.ts` },
  { find: new RegExp(`^@grpc-router/${name}/(.+)$`), replacement: `${packagesDir}${name}/src/$1/index.ts` },
]);

/** Without sockets, processes and state of their own, so that a test cannot see what another has left. */
const pure = ["protocol", "http2", "runtime", "bridge", "testing", "protoc-gen-grpc-router"];
const pureTests = pure.map((name) => `packages/${name}/src/**/*.test.ts`);

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      // Loading the same modules for each file anew would be a quarter of their time. They compute, so each processor has some.
      {
        extends: true,
        test: {
          name: "pure",
          include: pureTests,
          isolate: false,
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: pureTests,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.suite.ts", "**/gen/**", "**/golden/**", "**/main.ts"],
      reporter: ["text-summary", "json-summary", "lcovonly"],
      thresholds: { lines: 90, "packages/http2/src/**": { lines: 95, branches: 90 } },
    },
  },
});
