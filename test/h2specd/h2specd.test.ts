// SPDX-License-Identifier: Apache-2.0
// h2specd (github.com/summerwind/h2spec) plays servers that break rules, one on a port of its own for each case, and
// judges a client: the engine's client role.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { freePorts } from "../harness/ports.ts";
import { runProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const missing = missingTool("h2specd");
const client = fileURLToPath(new URL("./client-process.ts", import.meta.url));
/** Cases of h2spec 2.2.1. */
const cases = 57;

describe.skipIf(missing !== undefined)(`h2specd${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  // h2specd gives a case three seconds, the start of the client included, and ends for good when that is too little.
  test("strict, all cases against the client role", { timeout: 180_000, retry: 2 }, async () => {
    const from = await freePorts(cases);
    const args = ["-S", "-h", "127.0.0.1", "-f", `${from}`, "--timeout", "2", "-e", `${process.execPath} ${client}`];
    const { stdout, stderr } = await runProcess(requireTool("h2specd"), args);
    const [, tests, passed, skipped, failed] =
      /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(stdout) ?? [];
    console.log(`h2specd: ${passed} of ${tests} passed, ${skipped} skipped`);
    expect({ tests, passed, skipped, failed }, `${stdout.slice(-6_000)}${stderr}`).toEqual({
      tests: `${cases}`,
      passed: `${cases}`,
      skipped: "0",
      failed: "0",
    });
  });
});
