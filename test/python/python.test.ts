// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const program = fileURLToPath(new URL("./client.py", import.meta.url));
const protos = fileURLToPath(new URL("../interop/proto", import.meta.url));
// A Python with grpcio and grpcio-tools, which scripts/install-tools.sh makes.
const missing = missingTool("grpc-python");

describe.skipIf(missing !== undefined)(`grpcio${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ services: ["test"] });
  });
  afterAll(() => stack?.stop());

  test("all four kinds, metadata, deadline and cancel", { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await runProcess(requireTool("grpc-python"), [
      program,
      `${stack.host}:${stack.port}`,
      protos,
    ]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout.match(/^ok {3}/gm)?.length).toBe(7);
  });
});
