// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const missing = missingTool("h2spec");

describe.skipIf(missing !== undefined)(`h2spec${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ services: ["test"] });
  });
  afterAll(() => stack?.stop());

  test("strict, all cases on /live", { timeout: 120_000 }, async () => {
    const args = ["-S", "-h", stack.host, "-p", `${stack.port}`, "-P", "/live", "--timeout", "5"];
    const { stdout } = await runProcess(requireTool("h2spec"), args);
    const [, tests, passed, skipped, failed] =
      /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(stdout) ?? [];
    console.log(`h2spec: ${passed} of ${tests} passed, ${skipped} skipped`);
    expect({ passed, failed }, stdout.slice(-6_000)).toEqual({ passed: "146", failed: "0" });
  });
});
