// SPDX-License-Identifier: Apache-2.0
// What a router refuses at registration, end to end: the reason reaches the instance's log in plain words, the router
// logs it once, and the instances that are there go on.
import { once } from "node:events";
import { connect } from "node:http2";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { createBridge, dialRouter } from "@grpc-router/node";
import { percentDecode } from "@grpc-router/protocol";
import type { GenBridge } from "@grpc-router/protocol/codegenv1";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { createFaultService } from "../faults/fault-service.ts";
import { faultServiceBridge } from "../faults/gen/faults/v1/faults_bridge.ts";
import { createLog, type InProcess, type Log, startInProcess } from "../harness/in-process.ts";
import { EmptySchema, SimpleRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { testService } from "../interop/test-service.ts";

const { method } = TestService;
const registerPath = "/grpcrouter.channel.grpc.testing.TestServiceChannel/Register";
const never = new Promise<void>(() => {});

let router: InProcess;
let client: ReturnType<typeof createGrpcJsClient>;
let log: Log;
let opened: ReturnType<typeof dialRouter>[];
let linesBefore: number;

beforeAll(async () => {
  router = await startInProcess({ instances: { steady: {} } });
  client = createGrpcJsClient(router.address);
});
afterAll(async () => {
  client?.close();
  await router?.stop();
});
beforeEach(() => {
  log = createLog();
  opened = [];
  linesBefore = router.routerLog.lines.length;
});
afterEach(async () => {
  // Whatever was refused, the instance that was there has noticed nothing.
  expect(await client.call(method.emptyCall, [create(EmptySchema)])).toMatchObject({ code: grpc.status.OK });
  expect(
    router.server
      .instances()
      .filter(({ instanceId }) => instanceId === "steady")
      .map(({ state }) => state),
  ).toEqual(["serving", "serving"]);
  for (const connection of opened) connection.close();
});

/** Dials with another bridge; its log is `log`. */
function dial(bridge: Parameters<typeof dialRouter>[0]): ReturnType<typeof dialRouter> {
  const connection = dialRouter(bridge, { url: router.url, logger: log });
  opened.push(connection);
  return connection;
}

/** As `dial`, of a process that started at that time. */
function dialAt(startedMs: number, bridge: Parameters<typeof dialRouter>[0]): ReturnType<typeof dialRouter> {
  const now = vi.spyOn(Date, "now").mockReturnValue(startedMs);
  try {
    return dial(bridge);
  } finally {
    now.mockRestore();
  }
}

/** What the router has logged from warn on since the test began, without peers' addresses and those who left. */
function routerWarnings(): string[] {
  const lines = router.routerLog.lines
    .slice(linesBefore)
    .filter(({ level, event }) => (level === "warn" || level === "error") && event !== "lost");
  return lines.map(({ message }) => message.replace(/ from [\d.]+:\d+/, ""));
}

/** The bridge of TestService as another version of the .proto would have it: these methods read and write streams. */
function otherKinds(...names: readonly string[]): GenBridge<typeof TestService> {
  const methods = TestService.methods.map((desc) =>
    names.includes(desc.localName) ? { ...desc, methodKind: "bidi_streaming" as const } : desc,
  );
  return { ...testServiceBridge, service: { ...TestService, methods } as unknown as typeof TestService };
}

describe("a method table that contradicts the contract", () => {
  test("one method of another kind is refused alone, and the others are served", async () => {
    const echo = async function* () {};
    const bridge = createBridge({ id: "odd" }).service(otherKinds("unaryCall"), {
      emptyCall: () => ({}),
      unaryCall: echo as never,
    });
    await dial(bridge).ready;
    const { message } = await log.until(/^Cannot serve/);
    expect(message).toBe(
      "Cannot serve grpc.testing.TestService/UnaryCall: grpc.testing.TestService/UnaryCall must be unary, received bidi_streaming (SCHEMA_INCOMPATIBLE). The other methods are served",
    );
    expect(routerWarnings()).toContain(
      "odd: grpc.testing.TestService/UnaryCall must be unary, received bidi_streaming",
    );
    for (let count = 0; count < 8; count++) {
      const outcome = await client.call(method.unaryCall, [create(SimpleRequestSchema, { responseSize: 3 })]);
      expect(outcome.messages[0]?.payload?.body.length).toBe(3);
    }
  });

  test("nothing but methods of another kind is refused as a whole", async () => {
    const bridge = createBridge({ id: "odd" }).service(otherKinds("emptyCall"), {
      emptyCall: async function* () {} as never,
    });
    dial(bridge);
    const { level, message } = await log.until(/^Cannot register/);
    expect(level).toBe("error");
    expect(message).toMatch(
      /^Cannot register grpc\.testing\.TestService: its methods must be those of the router's contract, grpc\.testing\.TestService\/EmptyCall must be unary, received bidi_streaming \(SCHEMA_INCOMPATIBLE\)\. Generate both sides from one \.proto\. Next attempt in \d+ s$/,
    );
    expect(routerWarnings()).toEqual([
      expect.stringMatching(
        /^Refused a registration: .*\(SCHEMA_INCOMPATIBLE\)\. Generate both sides from one \.proto$/,
      ),
    ]);
  });

  test("other numbers are no contradiction: the router speaks those of the instance", async () => {
    const methods = { ...testServiceBridge.methods, unaryCall: { number: 20_001 }, fullDuplexCall: { number: 9 } };
    const other = await startInProcess({ instances: {} });
    const bridge = createBridge({ id: "renumbered" }).service({ ...testServiceBridge, methods }, testService);
    const connection = dialRouter(bridge, { url: other.url, logger: log });
    await connection.ready;
    const caller = createGrpcJsClient(other.address);
    const outcome = await caller.call(method.unaryCall, [create(SimpleRequestSchema, { responseSize: 70_000 })]);
    expect(outcome.messages[0]?.payload?.body.length, outcome.details).toBe(70_000);
    caller.close();
    connection.close();
    await other.stop();
  });
});

test("a service that the router does not have is refused, and the way out is named", async () => {
  const service = createFaultService({ id: "stray", say: () => {}, released: never });
  dial(createBridge({ id: "stray" }).service(faultServiceBridge, service));
  const { message } = await log.until(/^Cannot register/);
  expect(message).toMatch(
    /^Cannot register faults\.v1\.FaultService: the router must have it, it serves grpc\.testing\.TestService, connectrpc\.conformance\.v1\.ConformanceService \(SERVICE_UNKNOWN\)\. Add \.service\(faultServiceRouter\) in the router, or give it a descriptor set\. Next attempt in \d+ s$/,
  );
  expect(routerWarnings()).toEqual([
    expect.stringMatching(/^Refused a registration: Cannot register faults\.v1\.FaultService: .*\(SERVICE_UNKNOWN\)/),
  ]);
});

describe("an instance id that is in use", () => {
  test("an older process is refused while a newer one holds the id", async () => {
    dialAt(Date.now() - 3_600_000, createBridge({ id: "steady" }).service(testServiceBridge, testService));
    const { message } = await log.until(/^Cannot register/);
    expect(message).toMatch(
      /^Cannot register grpc\.testing\.TestService as steady: the id must be free, a newer process holds it \(ID_IN_USE\)\. Choose another id or stop that process\. Next attempt in 20 s$/,
    );
    expect(routerWarnings()).toEqual([
      expect.stringMatching(
        /^Refused a registration: Cannot register grpc\.testing\.TestService as steady: .*\(ID_IN_USE\)/,
      ),
    ]);
  });

  test("a newer process takes the id over, and the older one says so", async () => {
    const older = createBridge({ id: "twin" }).service(testServiceBridge, { emptyCall: () => ({}) });
    const first = dial(older);
    await first.ready;
    const newer = createBridge({ id: "twin" }).service(testServiceBridge, { emptyCall: () => ({}) });
    const second = dialAt(Date.now() + 60_000, newer);
    await Promise.all([second.ready, first.closed]);
    const { message } = await log.until(/^Another process/);
    expect(message).toBe(
      "Another process has registered grpc.testing.TestService as twin: this one finishes its calls and leaves. Give each process an id of its own",
    );
    expect(
      router.server.instances().filter(({ instanceId, state }) => instanceId === "twin" && state === "serving").length,
    ).toBe(1);
  });
});

describe("a Register stream of a peer that is no bridge", () => {
  const frames = [
    {
      name: "garbage as first frame",
      bytes: message(Buffer.from("ffffffff", "hex")),
      code: grpc.status.INTERNAL,
      text: /^Cannot read a frame: it must be a well-formed frame, .*\(FRAME_MALFORMED\)$/,
    },
    {
      name: "a frame of a call as first frame",
      bytes: message(Buffer.from("0a020801", "hex")),
      code: grpc.status.INVALID_ARGUMENT,
      text: /^Cannot register grpc\.testing\.TestService: the first frame must be a hello \(HELLO_INVALID\)$/,
    },
    {
      name: "an empty hello",
      bytes: message(Buffer.from("0a0432021200", "hex")),
      code: grpc.status.FAILED_PRECONDITION,
      text: /^Cannot register .*: both sides must share a revision, .* \(REVISION_UNSUPPORTED\)\. Update the older side$/,
    },
    {
      name: "a first frame that is longer than any hello",
      bytes: Buffer.from("007fffffff", "hex"),
      code: grpc.status.INTERNAL,
      text: /^Cannot read a frame: it must be at most 262144 bytes \(FRAME_TOO_LARGE\)$/,
    },
  ];
  test.each(frames)("$name is refused with a reason", async ({ bytes, code, text }) => {
    const status = await register(bytes);
    expect(status).toEqual({ code, message: expect.stringMatching(text) });
    expect(routerWarnings()).toEqual([`Refused a registration: ${status.message}`]);
  });

  test("an end without a hello is refused with a reason", async () => {
    const status = await register(Buffer.alloc(0), true);
    expect(status.message).toBe(
      "Cannot read a frame: it must be a well-formed frame, the stream ended before a hello (FRAME_MALFORMED)",
    );
  });

  test("silence is refused after 5 s", async () => {
    const status = await register(Buffer.alloc(0));
    expect(status).toEqual({
      code: grpc.status.DEADLINE_EXCEEDED,
      message: "Cannot register: the Hello must come within 5000 ms (HELLO_TIMEOUT)",
    });
    expect(routerWarnings()).toEqual([`Refused a registration: ${status.message}`]);
  });
});

/** Opens a Register stream, sends these bytes, and answers with the status that ends it. */
async function register(bytes: Buffer, end = false): Promise<{ code: number; message: string }> {
  const session = connect(router.url);
  const headers = { ":method": "POST", ":path": registerPath, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers);
  stream.on("error", () => {}); // the status is what counts
  if (end) stream.end(bytes);
  else if (bytes.length > 0) stream.write(bytes);
  const [fields] = await once(stream, "response");
  session.destroy();
  return { code: Number(fields["grpc-status"]), message: percentDecode(String(fields["grpc-message"])) };
}

function message(frame: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(frame.length, 1);
  return Buffer.concat([prefix, frame]);
}
