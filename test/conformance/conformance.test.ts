// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const program = fileURLToPath(new URL("./serve.ts", import.meta.url));
const suite = fileURLToPath(new URL("./suite.yaml", import.meta.url));
const missing = missingTool("connectconformance");

describe.skipIf(missing !== undefined)(
  `Connect conformance, server mode${missing === undefined ? "" : `, skipped: ${missing}`}`,
  () => {
    test("every case passes, on plaintext and on TLS", { timeout: 300_000 }, async () => {
      const args = ["--mode", "server", "--conf", suite, "--parallel", "4", "--", process.execPath, program];
      const { code, stdout, stderr } = await runProcess(requireTool("connectconformance"), args);
      const output = stdout + stderr;
      const [, total, passed] = /Total cases: (\d+)\s+(\d+) passed/.exec(output) ?? [];
      console.log(`conformance: ${passed} of ${total} passed`);
      expect(code, output.slice(-6_000)).toBe(0);
      expect(Number(total)).toBeGreaterThanOrEqual(564);
      expect(passed).toBe(total);
    });
  },
);
