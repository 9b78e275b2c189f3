// SPDX-License-Identifier: Apache-2.0
// Runs packages/protocol/vectors/refusals.json (docs/channel.md section 9) against the router: all that an instance says.

import { loadRefusalVectors } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import type { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { kinds, type MethodName, pathOf } from "../test-kit/test-service.suite.js";

const { hello, initialCredit, calls, vectors } = loadRefusalVectors();
const replies = vectors.filter(({ direction }) => direction === "reply");

// The test service's methods under the numbers of the vectors' hello; call 1 is the one that may have many messages each way.
const names: readonly MethodName[] = ["Chat", "Watch", "Get", "Read", "Collect"];
const methods = names.map((name, at) => ({ ...hello[at], name, kind: kinds[name] }));

/** The state before a vector's first frame: call 1 is open and accepted, and has all of its credit. */
function setUp(): { router: TestRouter; instance: RawInstance } {
  const router = new TestRouter();
  const instance = router.instance({ methods });
  // A client without window takes no payload, so no credit returns between a vector's frames.
  const { client } = router.connect({ initialWindowBytes: 0 });
  client.start(pathOf("Chat"));
  router.run();
  instance.send({ head: { acceptedThrough: 1n } });
  router.run();
  return { router, instance };
}

describe("vectors/refusals.json at the router", () => {
  test("begins with the calls and the credit that it says", () => {
    const { instance } = setUp();
    expect(instance.welcome.initialCredit).toBe(initialCredit);
    const started = instance.calls.map(({ callId, start }) => ({ callId: String(callId), method: start?.method }));
    expect(started).toEqual(calls.map(({ callId, method }) => ({ callId, method })));
    expect(instance.call.status).toBeUndefined();
  });

  test.each(replies)("$name", ({ frames, reason }) => {
    const { router, instance } = setUp();
    for (const frame of frames) {
      expect(instance.call.status).toBeUndefined();
      instance.call.sendBytes(frame);
      router.run();
    }
    expect(instance.call.status?.details?.errorInfo?.reason).toBe(reason);
  });

  test("is run whole, but for calls: a router sends those and never reads one", () => {
    const others = vectors.filter((vector) => !replies.includes(vector));
    expect(others.filter(({ direction }) => direction !== "call")).toEqual([]);
    expect({ run: replies.length, notApplicable: others.length }).toEqual({ run: 26, notApplicable: 50 });
  });
});
