// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { createCertificate } from "../harness/certificate.ts";
import { runProcess } from "../harness/processes.ts";
import { startStack } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const missing = missingTool("h2spec");

describe.skipIf(missing !== undefined)(`h2spec${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  test.each([
    { over: "plain text", tls: undefined, flags: [] },
    { over: "TLS", tls: createCertificate(), flags: ["-t", "-k"] },
  ])("strict, all cases on /live, over $over", { timeout: 120_000 }, async ({ over, tls, flags }) => {
    const stack = await startStack({ services: ["test"], tls });
    try {
      const args = ["-S", ...flags, "-h", stack.host, "-p", `${stack.port}`, "-P", "/live", "--timeout", "5"];
      const { stdout } = await runProcess(requireTool("h2spec"), args);
      const [, tests, passed, skipped, failed] =
        /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(stdout) ?? [];
      console.log(`h2spec over ${over}: ${passed} of ${tests} passed, ${skipped} skipped`);
      expect({ passed, skipped, failed }, stdout.slice(-6_000)).toEqual({ passed: "146", skipped: "0", failed: "0" });
    } finally {
      await stack.stop();
    }
  });
});
