// SPDX-License-Identifier: Apache-2.0
// A client cannot tell an instance with a generated channel from one on the untyped channel (docs/channel.md section 6).
import type { TestCall } from "@grpc-router/testing";
import { createSeededRandom, type SeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { RawInstance, type ReplyFrame } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { type MethodName, numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

const untypedPath = "/grpcrouter.v1.ChannelService/Register";
const largestMember = 16_384;

/** One message of an instance, in as many frames as its channel asks for. */
function messageFrames(isTyped: boolean, method: MethodName, message: Uint8Array, isCompressed: boolean): ReplyFrame[] {
  if (isTyped && !isCompressed && message.length <= largestMember) {
    return [{ head: { callId: 1n }, member: [numbers[method], message] }];
  }
  const frames: ReplyFrame[] = [];
  for (let at = 0; at === 0 || at < message.length; at += largestMember) {
    const data = message.subarray(at, at + largestMember);
    const remaining = message.length - at - data.length;
    frames.push({ head: { callId: 1n }, fragment: { data, remaining, compressed: isCompressed } });
  }
  return frames;
}

interface Plan {
  readonly method: MethodName;
  readonly requests: readonly Uint8Array[];
  readonly replies: readonly { readonly message: Uint8Array; readonly isCompressed: boolean }[];
  readonly hasHeader: boolean;
  readonly code: number;
}

function planOf(random: SeededRandom): Plan {
  const method = (["Get", "Watch", "Collect", "Chat"] as const)[random.integer(4)] ?? "Get";
  const size = () => [0, 1, 100, largestMember, largestMember + 1, 40_000][random.integer(6)] ?? 0;
  const streamsUp = method === "Collect" || method === "Chat";
  const streamsDown = method === "Watch" || method === "Chat";
  const code = random.integer(3) === 0 ? 5 : 0;
  const replies = streamsDown ? random.integer(4) : code === 0 ? 1 : 0;
  return {
    method,
    requests: Array.from({ length: streamsUp ? random.integer(3) : 1 }, () => pattern(size())),
    replies: Array.from({ length: replies }, () => ({
      message: pattern(size()),
      isCompressed: random.integer(4) === 0,
    })),
    hasHeader: random.integer(2) === 0,
    code,
  };
}

/** What the client saw, and what the instance was sent. */
function perform(plan: Plan, isTyped: boolean) {
  const router = new TestRouter();
  const instance = new RawInstance(router.connect().client, isTyped ? undefined : untypedPath).hello(
    {},
    undefined,
    isTyped,
  );
  router.run();
  const call = router.connect().client.start(pathOf(plan.method), { metadata: [["x-a", "1"]] });
  for (const request of plan.requests) call.send(request);
  call.halfClose();
  router.run();
  const received = instance.calls.reduce((sum, frame) => sum + frame.payload.length, 0);
  const metadata = [{ name: "x-head", value: bytes("h") }];
  if (plan.hasHeader) instance.send({ head: { callId: 1n, header: { metadata, encoding: "gzip" } } });
  for (const { message, isCompressed } of plan.replies) {
    for (const frame of messageFrames(isTyped, plan.method, message, isCompressed)) instance.send(frame);
    router.run();
  }
  instance.end(1, { code: plan.code, message: "no%0Asuch", trailers: [{ name: "x-tail", value: bytes("t") }] });
  router.run();
  return { ...seenBy(call), received, status: instance.call.status };
}

function seenBy(call: TestCall) {
  const { head, messages, trailers, trailersOnly, reset } = call;
  const sent = messages.map((message) => ({
    flags: message.compressed,
    bytes: Buffer.from(message.bytes).toString("hex"),
  }));
  return { head, messages: sent, trailers, trailersOnly, reset };
}

describe("a client cannot tell whether an instance is typed", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))("seed %i", (seed) => {
    const plan = planOf(createSeededRandom(seed));
    const [typed, untyped] = [perform(plan, true), perform(plan, false)];
    expect(typed.status).toBeUndefined();
    expect(typed.messages).toHaveLength(plan.replies.length);
    expect(typed.received).toBe(plan.requests.reduce((sum, { length }) => sum + length, 0));
    expect(untyped).toEqual(typed);
  });
});

test("an instance without frames of its own has its turns beside one with them", () => {
  const router = new TestRouter({ balance: "round_robin" });
  const untyped = new RawInstance(router.connect().client, untypedPath).hello(
    { instanceId: "untyped", processKey: new Uint8Array(16).fill(2) },
    undefined,
    false,
  );
  const typed = new RawInstance(router.connect().client).hello({ instanceId: "typed" });
  router.run();
  const { client } = router.connect();
  for (let count = 0; count < 6; count++) {
    client.unary(pathOf("Get"), pattern(10));
    router.run();
  }
  expect([untyped.calls.length, typed.calls.length]).toEqual([3, 3]);
});
