// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { loadEsGenerator } from "./es-generator.js";
import { createRequest, root, runRequest, serviceSource, withFolder } from "./run-plugin.suite.js";

const installed = join(root, "node_modules/@bufbuild/protoc-gen-es");
const pb = "grpcrouter/channel/acme/v1/test_service_pb.ts";
const source = serviceSource("  rpc Ping(M) returns (M);");

/** Runs the plugin as if it were installed in a folder whose protoc-gen-es consists of `files`. */
function runBeside(files: Readonly<Record<string, string>>) {
  return withFolder((folder) => {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, "node_modules/@bufbuild/protoc-gen-es", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    const from = pathToFileURL(join(folder, "plugin.js")).href;
    return runRequest(createRequest(source, "target=ts"), { loadEs: () => loadEsGenerator(from) });
  });
}

const asProgram = (program: string) => ({
  "package.json": JSON.stringify({ bin: { "protoc-gen-es": "bin/es.cjs" } }),
  "bin/es.cjs": program,
});
const realProgram = `require(${JSON.stringify(join(installed, "bin/protoc-gen-es"))});`;

describe("loadEsGenerator()", () => {
  test("runs the program where the inside is another, with the same bytes", () => {
    const expected = runRequest(createRequest(source, "target=ts")).files[pb];
    expect(runBeside(asProgram(realProgram)).files[pb]).toBe(expected);
    const renamed = { ...asProgram(realProgram), "dist/cjs/src/protoc-gen-es-plugin.js": "exports.plugin = {};" };
    expect(runBeside(renamed).files[pb]).toBe(expected);
    const single = {
      ...asProgram(realProgram),
      "package.json": JSON.stringify({ bin: "bin/es.cjs", exports: { "./package.json": "./package.json" } }),
    };
    expect(runBeside(single).files[pb]).toBe(expected);
  });

  test("says what to install where there is none", () => {
    expect(runBeside({}).error).toBe(
      `Cannot generate ${pb}: @bufbuild/protoc-gen-es must be installed beside protoc-gen-grpc-router, found none. ` +
        "Run: npm install --save-dev @bufbuild/protoc-gen-es",
    );
    expect(runBeside({ "package.json": "{}" }).error).toMatch(/, \S+package\.json names no program\. Run: npm install/);
  });

  test("passes on what the program says when it fails", () => {
    expect(runBeside(asProgram("process.stderr.write('protoc-gen-es: no\\n'); process.exit(3);")).error).toBe(
      `Cannot generate ${pb}: protoc-gen-es: no`,
    );
  });

  test("passes on why the inside cannot be loaded", () => {
    const files = { ...asProgram(realProgram), "dist/cjs/src/protoc-gen-es-plugin.js": "throw new Error('torn');" };
    expect(runBeside(files).error).toBe(`Cannot generate ${pb}: torn`);
  });
});
