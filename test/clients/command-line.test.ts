// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { findTool, missingTool, requireTool } from "../harness/tools.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ services: ["test"] });
});
afterAll(() => stack?.stop());

const missing = missingTool("grpcurl");
describe.skipIf(missing !== undefined)(`grpcurl${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  const grpcurl = (...args: string[]) => runProcess(requireTool("grpcurl"), ["-plaintext", ...args]);

  test("list names every service, the built-in ones included", async () => {
    const { code, stdout, stderr } = await grpcurl(`${stack.host}:${stack.port}`, "list");
    expect(code, stderr).toBe(0);
    for (const name of ["grpc.testing.TestService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"]) {
      expect(stdout.split("\n")).toContain(name);
    }
  });

  test("describe shows methods and messages", async () => {
    const service = await grpcurl(`${stack.host}:${stack.port}`, "describe", "grpc.testing.TestService");
    expect(service.stdout).toContain("rpc FullDuplexCall ( stream .grpc.testing.StreamingOutputCallRequest )");
    const message = await grpcurl(`${stack.host}:${stack.port}`, "describe", "grpc.testing.SimpleRequest");
    expect(message.stdout).toContain("int32 response_size = 2;");
  });

  test("a call by reflection", async () => {
    const data = '{"response_size": 3}';
    const { code, stdout, stderr } = await grpcurl(
      "-d",
      data,
      `${stack.host}:${stack.port}`,
      "grpc.testing.TestService/UnaryCall",
    );
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ payload: { body: "AAAA" } });
  });

  test("health by reflection", async () => {
    const { stdout } = await grpcurl(`${stack.host}:${stack.port}`, "grpc.health.v1.Health/Check");
    expect(JSON.parse(stdout)).toEqual({ status: "SERVING" });
  });
});

describe("buf curl", () => {
  const url = () => `${stack.url}/grpc.testing.TestService/UnaryCall`;
  const bufCurl = (...args: string[]) =>
    runProcess(findTool("buf") ?? "npx", [
      ...(findTool("buf") === undefined ? ["buf"] : []),
      ...["curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", '{"responseSize": 2}', ...args],
    ]);

  test.each([
    { name: "with server reflection", args: [] },
    { name: "with a schema of its own", args: ["--schema", new URL("../interop", import.meta.url).pathname] },
  ])("$name", async ({ args }) => {
    const { code, stdout, stderr } = await bufCurl(...args, url());
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ payload: { body: "AAA=" } });
  });
});
