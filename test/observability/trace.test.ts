// SPDX-License-Identifier: Apache-2.0
// Real clients, a router as a process of its own that shows frames, and what can be read there of a call.
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { runProcess } from "../harness/processes.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { SimpleRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ services: ["test"], trace: true });
});
afterAll(() => stack.stop());

describe("a trace of frames", () => {
  test("shows a call of grpc-js, both sides of the router, without its secret", async () => {
    const client = createGrpcJsClient(stack.router.address);
    const metadata = new grpc.Metadata();
    metadata.set("authorization", "Bearer geheim");
    const request = create(SimpleRequestSchema, { responseSize: 100, payload: { body: new Uint8Array(50) } });
    const { code } = await client.call(TestService.method.unaryCall, [request], { metadata });
    expect(code).toBe(grpc.status.OK);
    client.close();
    await stack.router.untilLine(/recv GOAWAY|grpc-status: 0$/);
    const shown = linesOf(/:path: \/grpc\.testing\.TestService\/UnaryCall$/);
    expect(shown[0]).toBe("recv preface");
    expect(shown).toContainEqual(expect.stringMatching(/^recv SETTINGS +stream=0 length=\d+( [A-Z_]+=\d+)*$/));
    expect(shown).toContainEqual(expect.stringMatching(/^recv HEADERS +stream=1 length=\d+ flags=END_HEADERS$/));
    expect(shown).toContain("authorization: (13 octets)");
    expect(shown).toContainEqual(expect.stringMatching(/^user-agent: .*grpc-node-js/));
    expect(shown).toContainEqual(expect.stringMatching(/^recv DATA +stream=1 length=61 flags=END_STREAM message=56$/));
    expect(shown).toContainEqual(expect.stringMatching(/^send DATA +stream=1 length=\d+ message=\d+$/));
    expect(shown).toContain("grpc-status: 0");
    const instance = linesOf(/:path: .*\/Register$/);
    expect(instance).toContainEqual(expect.stringMatching(/^send DATA +stream=\d+ length=\d+( message=\d+)+$/));
    expect(stack.router.output.join("\n")).not.toContain("geheim");
  });

  test.skipIf(missingTool("grpcurl"))("shows a call of grpcurl", async () => {
    const args = ["-plaintext", "-d", "{}", stack.router.address, "grpc.testing.TestService/EmptyCall"];
    const { code } = await runProcess(requireTool("grpcurl"), args);
    expect(code).toBe(0);
    const path = /:path: \/grpc\.testing\.TestService\/EmptyCall$/;
    await stack.router.untilLine(path);
    await expect.poll(() => linesOf(path)).toContain("grpc-status: 0");
    const shown = linesOf(path);
    expect(shown).toContainEqual(expect.stringMatching(/^user-agent: grpcurl/));
    expect(shown).toContainEqual(expect.stringMatching(/^recv DATA +stream=\d+ length=5 flags=END_STREAM message=0$/));
    expect(shown.filter((line) => /error|broken|cannot/.test(line))).toEqual([]);
  });
});

/** The lines of the last connection on which `pattern` was, without address and time. */
function linesOf(pattern: RegExp): string[] {
  const { output } = stack.router;
  const address = output.findLast((line) => pattern.test(line))?.split(" ")[0] ?? "";
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  const lines = output.filter((line) => line.startsWith(`${address} `));
  return lines.map((line) => line.slice(address.length + 1).replace(/^ *(\d+\.\d{6} )?/, ""));
}
