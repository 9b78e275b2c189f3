// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { head, message, start, text } from "../testing/bridge-bed.suite.js";
import { echoNumbers } from "../testing/echo-service.suite.js";
import { held } from "../testing/held-bed.suite.js";
import type { PeerChannel } from "../testing/peer-channel.suite.js";
import type { CallFrame } from "../testing/peer-frames.suite.js";

const payload = text("x");
const oneByte: CallFrame = { head: { callId: 1n }, fragment: { data: Uint8Array.of(1) } };

/** What a router must not do, and the reason it is told. */
const faults: readonly [name: string, reason: string, act: (channel: PeerChannel) => void][] = [
  ["bytes that are no frame", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 1, 255))],
  ["a frame without a head", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 2, 26, 0))],
  ["a head that is none", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 3, 10, 1, 7))],
  ["two heads", "FRAME_AMBIGUOUS", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 4, 10, 0, 10, 0))],
  ["a compressed frame", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(1, 0, 0, 0, 2, 10, 0))],
  ["a frame over 64 KiB", "FRAME_TOO_LARGE", (c) => c.sendBytes(Uint8Array.of(0, 0, 1, 0, 1))],
  ["a Start that is none", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 7, 10, 5, 8, 1, 18, 1, 7))],
  ["control that is none", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 5, 10, 3, 50, 1, 7))],
  [
    "a fragment that is none",
    "FRAME_MALFORMED",
    (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 12, 10, 7, 8, 1, 18, 3, 8, 161, 156, 18, 1, 7)),
  ],
  ["an id out of order", "CALL_ID_ORDER", (c) => c.send(start(2, "say"))],
  ["an id twice", "CALL_ID_ORDER", (c) => c.send(start(1, "say"), start(1, "say"))],
  ["a frame above the last Start", "CALL_UNKNOWN", (c) => c.send(head(1, { halfClose: true }))],
  [
    "another method's member",
    "MEMBER_MISMATCH",
    (c) => c.send({ ...start(1, "say"), member: [echoNumbers.list, payload] }),
  ],
  [
    "a member of an untyped method",
    "MEMBER_MISMATCH",
    (c) => c.send({ ...start(1, "blob"), member: [echoNumbers.blob, payload] }),
  ],
  [
    "a payload after half close",
    "CALL_STATE",
    (c) => c.send(start(1, "join", {}, { halfClose: true }), message(1, "join", "x")),
  ],
  [
    "half close twice",
    "CALL_STATE",
    (c) => c.send(start(1, "join", {}, { halfClose: true }), head(1, { halfClose: true })),
  ],
  ["control with a call id", "CALL_STATE", (c) => c.send(head(1, { control: { kind: { case: "ping", value: {} } } }))],
  ["a Start with call id 0", "CALL_STATE", (c) => c.send(start(0, "say"))],
  ["a payload with call id 0", "CALL_STATE", (c) => c.send({ fragment: { data: payload } })],
  ["a second Welcome", "CALL_STATE", (c) => c.welcome()],
  [
    "an unknown control kind that is critical",
    "CONTROL_UNKNOWN",
    (c) => c.send({ head: { control: { critical: true } } }),
  ],
  ["credit beyond 2^31-1", "CREDIT_OVERFLOW", (c) => c.send(start(1, "say", {}, { credit: 2 ** 31 - 1 }))],
  [
    "control frames in a flood",
    "CONTROL_FLOOD",
    (c) =>
      c.send(
        ...Array.from({ length: 101 }, () => ({ head: { control: { kind: { case: "ping" as const, value: {} } } } })),
      ),
  ],
  ["101 frames with nothing", "CONTROL_FLOOD", (c) => c.send(...Array.from({ length: 101 }, () => ({ head: {} })))],
  [
    "101 frames with a call id alone",
    "CONTROL_FLOOD",
    (c) => c.send(start(1, "join"), ...Array.from({ length: 101 }, () => head(1, {}))),
  ],
  [
    "credit in drips",
    "CONTROL_FLOOD",
    (c) => c.send(start(1, "join"), ...Array.from({ length: 17 }, () => head(1, { credit: 1 }))),
  ],
  [
    "more than its credit",
    "CREDIT_EXCEEDED",
    (c) =>
      c.send(
        start(1, "join"),
        ...Array.from({ length: 6 }, () => ({
          head: { callId: 1n },
          member: [echoNumbers.join, new Uint8Array(16_000)] as const,
        })),
      ),
  ],
  [
    "more than its credit in slices",
    "CREDIT_EXCEEDED",
    (c) => c.send(start(1, "join"), ...Array.from({ length: 1_300 }, () => oneByte)),
  ],
  [
    "half close within a message",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(start(1, "join"), { ...oneByte, fragment: { data: payload, remaining: 5 } }, head(1, { halfClose: true })),
  ],
  [
    "a member within a message",
    "FRAGMENT_INVALID",
    (c) => c.send(start(1, "join"), { ...oneByte, fragment: { data: payload, remaining: 5 } }, message(1, "join", "x")),
  ],
  [
    "slices that do not add up",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(
        start(1, "join"),
        { ...oneByte, fragment: { data: payload, remaining: 5 } },
        { ...oneByte, fragment: { data: payload, remaining: 5 } },
      ),
  ],
  [
    "a slice that changes its flag",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(
        start(1, "join"),
        { ...oneByte, fragment: { data: payload, remaining: 1 } },
        { ...oneByte, fragment: { data: Uint8Array.of(1), compressed: true } },
      ),
  ],
  [
    "a slice without data",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(
        start(1, "join"),
        { ...oneByte, fragment: { data: payload, remaining: 1 } },
        { ...oneByte, fragment: { remaining: 1 } },
      ),
  ],
  [
    "a first slice without data of a message that has some",
    "FRAGMENT_INVALID",
    (c) => c.send({ ...start(1, "join"), fragment: { remaining: 1 } }),
  ],
  [
    "a member over 16 KiB",
    "FRAME_TOO_LARGE",
    (c) => c.send({ ...start(1, "join"), member: [echoNumbers.join, new Uint8Array(16_385)] }),
  ],
  [
    "a slice over 16 KiB",
    "FRAME_TOO_LARGE",
    (c) => c.send({ ...start(1, "join"), fragment: { data: new Uint8Array(16_385), remaining: 1 } }),
  ],
];

describe("FrameReader", () => {
  it("takes as many frames without a word as a router may send, again and again", async () => {
    const { channel, scheduler } = await held();
    channel.send(start(1, "join"));
    for (let round = 0; round < 3; round++) {
      channel.send(...Array.from({ length: 100 }, () => head(1, {})), message(1, "join", "x"));
      channel.send(...Array.from({ length: 4 }, () => head(1, { credit: 1 })));
    }
    await scheduler.settle();
    expect(channel.controls("close")).toEqual([]);
  });

  it.each(faults)("closes for %s with %s", async (_name, reason, act) => {
    const { channel, scheduler, logger } = await held();
    act(channel);
    await scheduler.settle();
    expect(channel.controls("close")).toMatchObject([{ reason }]);
    expect(channel.frames.at(-1)?.head.control?.kind.case).toBe("close");
    expect(channel.ended).toBe(true);
    const [entry] = logger.of("channel_fault");
    expect(entry?.fields).toEqual({ reason, router: "http://router.test:80" });
    expect(entry?.message).toContain(reason);
    // The router ends its side, or the stream is reset a while later.
    scheduler.advance(5_000);
    expect(channel.closed).toBeDefined();
  });
});
