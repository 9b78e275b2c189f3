// SPDX-License-Identifier: Apache-2.0
// A caller may go at any time: the call ends for it at once, the handler's signal aborts, and the slot comes back.
import { create, type DescMethodStreaming, type DescMethodUnary, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ConformanceService, UnaryRequestSchema } from "../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import {
  SimpleRequestSchema,
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { createGrpcJsClient } from "./grpc-js-client.ts";

const { method } = TestService;

type Method = DescMethodUnary | DescMethodStreaming;

/** A call under way, whichever client makes it. */
interface Call {
  /** The first answer is here. */
  readonly answered: Promise<void>;
  /** The code that the call ended with. */
  readonly code: Promise<number>;
  cancel(): void;
}

interface Caller {
  /** Sends the requests and, if `end`, the end of them. */
  begin(desc: Method, requests: readonly Message[], end: boolean): Call;
  close(): void;
}

interface Stage {
  readonly name: string;
  readonly desc: Method;
  readonly requests: readonly Message[];
  readonly end: boolean;
  /** When to cancel: when the handler has begun, or when it has come as far as it does by itself. */
  readonly after: "began" | "answered" | "read all";
}

const simple = create(SimpleRequestSchema);
const input = create(StreamingInputCallRequestSchema, { payload: { body: new Uint8Array(10) } });
const output = create(StreamingOutputCallRequestSchema);

const stages: readonly Stage[] = [
  { name: "unary, while it runs", desc: method.unaryCall, requests: [simple], end: true, after: "began" },
  {
    name: "server streaming, after its first answer",
    desc: method.streamingOutputCall,
    requests: [output],
    end: true,
    after: "answered",
  },
  {
    name: "client streaming, before any message",
    desc: method.streamingInputCall,
    requests: [],
    end: false,
    after: "began",
  },
  {
    name: "client streaming, between messages",
    desc: method.streamingInputCall,
    requests: [input],
    end: false,
    after: "began",
  },
  {
    name: "client streaming, after the last message",
    desc: method.streamingInputCall,
    requests: [input],
    end: true,
    after: "read all",
  },
  { name: "bidi, before any message", desc: method.fullDuplexCall, requests: [], end: false, after: "began" },
  {
    name: "bidi, after an answer",
    desc: method.fullDuplexCall,
    requests: [output],
    end: false,
    after: "answered",
  },
  {
    name: "bidi, after the last message and its answer",
    desc: method.fullDuplexCall,
    requests: [output],
    end: true,
    after: "answered",
  },
];

/** What the handlers of one call have told. */
class Told {
  readonly began = Promise.withResolvers<void>();
  readonly readAll = Promise.withResolvers<void>();
  readonly aborted = Promise.withResolvers<unknown>();
  /** The handler's code is over, whichever way. */
  readonly left = Promise.withResolvers<void>();
}

let told: Told;

/** Begins, runs `serve`, then goes on until the signal aborts. */
async function untilAborted(context: HandlerContext, serve: () => Promise<void>): Promise<never> {
  const mine = told;
  context.signal.addEventListener("abort", () => mine.aborted.resolve(context.signal.reason));
  mine.began.resolve();
  try {
    await serve();
    mine.readAll.resolve();
    await mine.aborted.promise;
    throw context.signal.reason;
  } finally {
    mine.left.resolve();
  }
}

const handlers = {
  unaryCall: (_: unknown, context: HandlerContext) => untilAborted(context, async () => {}),
  async *streamingOutputCall(_: unknown, context: HandlerContext) {
    yield {};
    await untilAborted(context, async () => {});
  },
  streamingInputCall: (requests: AsyncIterable<unknown>, context: HandlerContext) =>
    untilAborted(context, async () => {
      for await (const _ of requests);
    }),
  async *fullDuplexCall(requests: AsyncIterable<unknown>, context: HandlerContext) {
    const mine = told;
    context.signal.addEventListener("abort", () => mine.aborted.resolve(context.signal.reason));
    mine.began.resolve();
    try {
      for await (const _ of requests) yield {};
      await mine.aborted.promise;
    } finally {
      mine.left.resolve();
    }
  },
};

describe.each([
  { name: "grpc-js", createCaller: createGrpcJsCaller },
  { name: "connect-node", createCaller: createConnectCaller },
])("cancel by $name", ({ createCaller }) => {
  let router: InProcess;
  let caller: Caller;

  beforeAll(async () => {
    router = await startInProcess({ instances: { one: handlers } });
    caller = createCaller(router);
  });
  afterAll(async () => {
    caller?.close();
    await router?.stop();
  });
  beforeEach(() => {
    told = new Told();
  });
  const openCalls = () => router.server.instances().reduce((sum, { openCalls: open }) => sum + open, 0);

  test.each(stages)("$name", async ({ desc, requests, end, after }) => {
    const call = caller.begin(desc, requests, end);
    if (after === "began") await told.began.promise;
    else if (after === "read all") await told.readAll.promise;
    else await call.answered;
    call.cancel();
    expect(await call.code).toBe(grpc.status.CANCELLED);
    expect(ConnectError.from(await told.aborted.promise).code).toBe(Code.Canceled);
    await told.left.promise;
    await expect.poll(openCalls).toBe(0);
  });

  test("a call that waits at the router never reaches a handler", async () => {
    const full = await startInProcess({ bridge: { capacity: 1 }, instances: { one: handlers } });
    const waiting = createCaller(full);
    const first = waiting.begin(method.unaryCall, [simple], true);
    await told.began.promise;
    const running = told;
    told = new Told();
    let hasBegun = false;
    void told.began.promise.then(() => {
      hasBegun = true;
    });
    const second = waiting.begin(method.unaryCall, [simple], true);
    // Another service's call behind it, on the same connection: when that is answered, the router has both.
    await waiting.begin(ConformanceService.method.unary, [create(UnaryRequestSchema)], true).code;
    second.cancel();
    expect(await second.code).toBe(grpc.status.CANCELLED);
    first.cancel();
    await running.left.promise;
    await expect.poll(() => full.server.instances()[0]?.openCalls).toBe(0);
    expect(hasBegun).toBe(false);
    waiting.close();
    await full.stop();
  });
});

function createGrpcJsCaller(router: InProcess): Caller {
  const client = createGrpcJsClient(router.address);
  return {
    begin(desc, requests, end) {
      const { stream, outcome } = client.start(desc);
      for (const request of requests) stream.write(request);
      if (end) stream.end();
      return {
        answered: new Promise((resolve) => stream.once("data", () => resolve())),
        code: outcome.then(({ code }) => code),
        cancel: () => stream.cancel(),
      };
    },
    close: client.close,
  };
}

function createConnectCaller(router: InProcess): Caller {
  const transport = createGrpcTransport({ baseUrl: router.url });
  return {
    begin(desc, requests, end) {
      const controller = new AbortController();
      const answered = Promise.withResolvers<void>();
      const codeOf = (error: unknown) => ConnectError.from(error).code as number;
      return {
        answered: answered.promise,
        code: run(desc, controller.signal, answered.resolve).then(() => 0, codeOf),
        cancel: () => controller.abort(),
      };

      async function run(called: Method, signal: AbortSignal, onAnswer: () => void): Promise<void> {
        if (called.methodKind === "unary") {
          await transport.unary(called, signal, undefined, undefined, requests[0] ?? simple);
          return;
        }
        const response = await transport.stream(called, signal, undefined, undefined, sent(signal));
        for await (const _ of response.message) onAnswer();
      }

      async function* sent(signal: AbortSignal) {
        yield* requests;
        if (!end) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      }
    },
    close: () => {}, // its connection ends with the router
  };
}
