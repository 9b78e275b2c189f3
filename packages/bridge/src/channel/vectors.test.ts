// SPDX-License-Identifier: Apache-2.0
// Runs packages/protocol/vectors/refusals.json (docs/channel.md section 9) against the bridge: all that a router says.

import { MARK_DELAY_MS } from "@grpc-router/protocol";
import { loadRefusalVectors } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { createBridge } from "../bridge.js";
import { type Bed, opened } from "../testing/bridge-bed.suite.js";
import { echoBridgeWith } from "../testing/echo-service.suite.js";

const { hello, initialCredit, calls, vectors } = loadRefusalVectors();
const requests = vectors.filter(({ direction }) => direction === "call");

// The echo service's methods under the numbers of the vectors' hello: Chat, of many messages each way, is that of call 1;
// Blob is the one that is not typed.
const [chat = 0, list = 0, say = 0, join = 0, blob = 0] = hello.map(({ number }) => number);

/** The state before a vector's first frame: call 1 is open and accepted, and has all of its credit. */
async function setUp(): Promise<Bed> {
  const bridge = createBridge({ id: "echo-1" }).service(echoBridgeWith({ chat, list, say, join, blob }), {
    // Reads nothing, so that no credit returns between a vector's frames.
    async *chat(_requests, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield {};
    },
    async *list() {
      yield {};
    },
    say: () => ({}),
    join: async () => ({}),
    blob: () => ({}),
  });
  const bed = await opened(bridge, { welcome: { initialCredit } });
  for (const { callId, method } of calls) bed.channel.send({ head: { callId: BigInt(callId), start: { method } } });
  await bed.scheduler.advanceSettled(MARK_DELAY_MS);
  return bed;
}

/** Reasons with which the bridge has closed the channel. */
function reasonsOf({ channel }: Bed): string[] {
  return channel.controls("close").map(({ reason }) => reason);
}

describe("vectors/refusals.json at the bridge", () => {
  test("begins with the hello and the calls that it says", async () => {
    const bed = await setUp();
    const methods = bed.channel.hello.methods.map(({ number, typed }) => ({ number, typed }));
    expect(methods).toEqual(expect.arrayContaining(hello.map(({ number, typed }) => ({ number, typed }))));
    expect(methods.length).toBe(hello.length);
    expect(calls.map(({ callId }) => callId)).toEqual(["1"]);
    expect(bed.channel.acceptedThrough).toBe(1);
    expect(reasonsOf(bed)).toEqual([]);
  });

  test.each(requests)("$name", async ({ frames, reason }) => {
    const bed = await setUp();
    for (const frame of frames) {
      expect(reasonsOf(bed)).toEqual([]);
      bed.channel.sendBytes(frame);
      await bed.scheduler.settle();
    }
    expect(reasonsOf(bed)).toEqual([reason]);
  });

  test("is run whole, but for replies: a bridge sends those and never reads one", () => {
    const others = vectors.filter((vector) => !requests.includes(vector));
    expect(others.filter(({ direction }) => direction !== "reply")).toEqual([]);
    expect({ run: requests.length, notApplicable: others.length }).toEqual({ run: 50, notApplicable: 26 });
  });
});
