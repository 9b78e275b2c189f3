// SPDX-License-Identifier: Apache-2.0
// The committed generated code is what the built program writes today, it type-checks under the strictest options, and
// Node runs it. These tests start processes, so they build the program first.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { goldenFolder, goldenNames, readTree } from "./golden.suite.js";
import { root, runBuf, withFolder } from "./run-plugin.suite.js";

const tsc = join(root, "node_modules/typescript/bin/tsc");

beforeAll(() => {
  execFileSync(process.execPath, [tsc, "-b", join(root, "packages/protoc-gen-grpc-router")]);
}, 120_000);

describe("golden code", () => {
  test("covers at least six kinds of source", () => {
    expect(goldenNames.length).toBeGreaterThanOrEqual(6);
  });

  test.each(goldenNames)("of %s is what buf generate writes", (name) => {
    withFolder((folder) => {
      runBuf(goldenFolder(name), "generate", "--output", folder);
      expect(readTree(join(folder, "gen"))).toEqual(readTree(join(goldenFolder(name), "gen")));
    });
  });

  test("type-checks under strict options, isolatedDeclarations and erasableSyntaxOnly among them", () => {
    const project = join(goldenFolder("."), "tsconfig.json");
    const shown = execFileSync(process.execPath, [tsc, "--project", project, "--showConfig"], { encoding: "utf8" });
    expect(JSON.parse(shown)).toMatchObject({
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        isolatedDeclarations: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
      },
    });
    try {
      execFileSync(process.execPath, [tsc, "--project", project], { encoding: "utf8" });
    } catch (error) {
      expect.fail(String(Reflect.get(Object(error), "stdout")));
    }
  });

  test.each([
    ["js-dts", "js"],
    ["native-ts", "ts"],
  ])("of %s runs in Node as it is", (name, extension) => {
    const folder = join(goldenFolder(name), "gen/acme/clock/v1");
    const program = `
      const { clockServiceRouter: router } = await import(${JSON.stringify(join(folder, `clock_router.${extension}`))});
      const { clockServiceBridge: bridge } = await import(${JSON.stringify(join(folder, `clock_bridge.${extension}`))});
      const { typedNumbers } = await import("@grpc-router/protocol/codegenv1");
      const same = router.service === bridge.service && router.channel === bridge.channel;
      console.log(JSON.stringify([same, router.channel.typeName, router.methods, [...typedNumbers(router.channel)]]));`;
    const cwd = join(root, "packages/protoc-gen-grpc-router");
    const written = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
      cwd,
      encoding: "utf8",
    });
    expect(JSON.parse(written)).toEqual([
      true,
      "grpcrouter.channel.acme.clock.v1.ClockServiceChannel",
      { now: { number: 138135 }, tick: { number: 183908 }, laps: { number: 185659 }, adjust: { number: 239454 } },
      [138135, 183908, 185659, 239454],
    ]);
  });
});
