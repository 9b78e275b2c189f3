// SPDX-License-Identifier: Apache-2.0
// gRPC's negative HTTP/2 interop tests. grpc-go's client shows that our raw server is the one they mean; then the engine's
// client role is held to the same server.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { SimpleRequestSchema, SimpleResponseSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { type NegativeCase, negativeCases, requestBodyBytes, responseBodyBytes, unaryPath } from "./negative-case.ts";
import { type NegativeServer, type NegativeServerOptions, startNegativeServer } from "./negative-server.ts";
import { createUnaryClient, type UnaryClient, type UnaryOutcome } from "./unary-client.ts";

const missing = missingTool("grpc-go-negative-http2");
const request = toBinary(
  SimpleRequestSchema,
  create(SimpleRequestSchema, { responseSize: responseBodyBytes, payload: { body: new Uint8Array(requestBodyBytes) } }),
);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function start(name: NegativeCase, options?: NegativeServerOptions): Promise<NegativeServer> {
  const server = await startNegativeServer(name, options);
  cleanups.push(() => server.close());
  return server;
}

/** What the server asserts of a client that has left, whoever wrote it. */
async function expectGoodClient(name: NegativeCase, { connections }: NegativeServer, calls: number): Promise<void> {
  const [first] = connections;
  await Promise.all(connections.map((connection) => connection.untilOver()));
  expect(connections.map(({ requests }) => requests.length)).toEqual(name === "goaway" ? [1, 1] : [calls]);
  expect(connections.flatMap(({ requestsAfterGoaway }) => requestsAfterGoaway)).toEqual([]);
  if (name === "ping") expect(first?.pingsSent).toBeGreaterThan(40);
  expect(first?.pingsAnswered).toBe(first?.pingsSent);
  if (name === "max_streams") expect(first?.mostAtOnce).toBe(1);
}

const callsOf = (name: NegativeCase): number => ({ goaway: 2, max_streams: 16 })[name as string] ?? 1;

describe.skipIf(missing !== undefined)(
  `grpc-go against the negative server${missing === undefined ? "" : `, skipped: ${missing}`}`,
  () => {
    const run = (server: NegativeServer, name: NegativeCase) =>
      runProcess(requireTool("grpc-go-negative-http2"), [
        "-server_host=127.0.0.1",
        `-server_port=${server.port}`,
        `-test_case=${name}`,
      ]);

    test.each(negativeCases)("%s", async (name) => {
      // In rst_during_data the program asks for UNKNOWN, which its library gives for codes that it does not know.
      const server = await start(name, name === "rst_during_data" ? { resetCode: 0x100 } : {});
      const { code, stderr } = await run(server, name);
      expect(code, stderr).toBe(0);
      await expectGoodClient(name, server, callsOf(name));
    });

    test("rst_during_data with error code 0, as it is described, is INTERNAL to grpc-go, too", async () => {
      const { stderr } = await run(await start("rst_during_data"), "rst_during_data");
      expect(stderr).toContain("_, Internal, want _, Unknown");
    });
  },
);

describe("the client role against the negative server", () => {
  const open = ({ port }: NegativeServer): UnaryClient => {
    const client = createUnaryClient(port);
    cleanups.push(() => client.close());
    return client;
  };
  const expectAnswer = ({ code, message }: UnaryOutcome) => {
    expect(code).toBe(0);
    const { payload } = fromBinary(SimpleResponseSchema, message ?? new Uint8Array());
    expect(payload?.body.length).toBe(responseBodyBytes);
  };

  test("goaway: the first call is answered, the second one goes over a new connection", async () => {
    const server = await start("goaway");
    const client = open(server);
    expectAnswer(await client.call(unaryPath, request));
    expectAnswer(await client.call(unaryPath, request));
    expect(client.connections).toBe(2);
    client.close();
    await expectGoodClient("goaway", server, 2);
  });

  test.each(["rst_after_header", "rst_during_data", "rst_after_data"] as const)("%s: INTERNAL", async (name) => {
    const server = await start(name);
    const client = open(server);
    expect(await client.call(unaryPath, request)).toEqual({ code: 13, message: undefined });
    client.close();
    await expectGoodClient(name, server, 1);
  });

  test("ping: every one is answered", async () => {
    const server = await start("ping");
    const client = open(server);
    expectAnswer(await client.call(unaryPath, request));
    client.close();
    await expectGoodClient("ping", server, 1);
  });

  test("max_streams: never more than one at once, and all are answered", async () => {
    const server = await start("max_streams");
    const client = open(server);
    expectAnswer(await client.call(unaryPath, request));
    const outcomes = await Promise.all(Array.from({ length: 15 }, () => client.call(unaryPath, request)));
    outcomes.forEach(expectAnswer);
    client.close();
    await expectGoodClient("max_streams", server, 16);
  });

  // gRPC over HTTP/2, section "Errors": each HTTP/2 error code has its status.
  test.each([
    [0, "NO_ERROR", 13],
    [1, "PROTOCOL_ERROR", 13],
    [2, "INTERNAL_ERROR", 13],
    [3, "FLOW_CONTROL_ERROR", 13],
    [4, "SETTINGS_TIMEOUT", 13],
    [6, "FRAME_SIZE_ERROR", 13],
    [7, "REFUSED_STREAM", 14],
    [8, "CANCEL", 1],
    [9, "COMPRESSION_ERROR", 13],
    [10, "CONNECT_ERROR", 13],
    [11, "ENHANCE_YOUR_CALM", 8],
    [12, "INADEQUATE_SECURITY", 7],
    [0x100, "of no name", 2],
  ])("RST_STREAM with error code %i %s is status %i", async (resetCode, _name, code) => {
    const server = await start("rst_after_header", { resetCode });
    expect(await open(server).call(unaryPath, request)).toEqual({ code, message: undefined });
  });
});
