// SPDX-License-Identifier: Apache-2.0
// Whichever way the bridge ends a call, its ErrorInfo tells the client whether user code ran: that is what a retry is
// decided by. Ends with not_run need none: the router answers for them.

import { Code } from "@connectrpc/connect";
import { decodeStatusDetails } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { head, message, start, whole } from "../testing/bridge-bed.suite.js";
import { echoNumbers } from "../testing/echo-service.suite.js";
import { type HeldBed, held } from "../testing/held-bed.suite.js";

const bad = Uint8Array.of(0x0a, 0x7f);

const ways: readonly [reason: string, code: Code, execution: string, way: string, (bed: HeldBed) => unknown][] = [
  [
    "METHOD_UNKNOWN",
    Code.Unimplemented,
    "none",
    "of a number that is no method's",
    ({ channel }) => channel.send({ head: { callId: 1n, start: { method: 4_711 }, halfClose: true } }),
  ],
  [
    "CALL_UNSUPPORTED",
    Code.Unimplemented,
    "none",
    "of a subtype that is not protobuf",
    ({ channel }) => channel.send(whole(1, "say", "x", { subtype: "json" })),
  ],
  [
    "CALL_UNSUPPORTED",
    Code.Unimplemented,
    "none",
    "in an encoding that nobody can undo",
    ({ channel }) => channel.send(whole(1, "say", "x", { encoding: "br" })),
  ],
  [
    "CALL_UNSUPPORTED",
    Code.Unimplemented,
    "none",
    "without its message",
    ({ channel }) => channel.send(start(1, "say", {}, { halfClose: true })),
  ],
  [
    "CALL_UNSUPPORTED",
    Code.Unimplemented,
    "none",
    "with a message too many",
    ({ channel }) => channel.send(start(1, "say"), message(1, "say", "x"), message(1, "say", "y")),
  ],
  [
    "BAD_MESSAGE",
    Code.Internal,
    "none",
    "with a message that is none",
    ({ channel }) => channel.send({ ...start(1, "say", {}, { halfClose: true }), member: [echoNumbers.say, bad] }),
  ],
  [
    "MESSAGE_TOO_LARGE",
    Code.ResourceExhausted,
    "none",
    "with a message over the limit",
    ({ channel }) =>
      channel.send({ ...start(1, "say"), fragment: { data: new Uint8Array(100), remaining: 5_000_000 } }),
  ],
  [
    "CALL_DEADLINE",
    Code.DeadlineExceeded,
    "started",
    "whose deadline passes here",
    async ({ channel, scheduler, release }) => {
      channel.send(whole(1, "say", "x", { timeoutUs: 20_000n }));
      await scheduler.advanceSettled(50);
      await release();
    },
  ],
  [
    "INSTANCE_DRAINING",
    Code.Unavailable,
    "started",
    "that outlives the grace",
    async ({ channel, connection, scheduler, release }) => {
      channel.send(whole(1, "say", "x"));
      await scheduler.settle();
      void connection.drain({ timeoutMs: 100 });
      await scheduler.advanceSettled(150);
      await release();
    },
  ],
  [
    "INSTANCE_DRAINING",
    Code.Unavailable,
    "none",
    "that has not begun when the grace ends",
    async ({ channel, connection, scheduler }) => {
      channel.send(start(1, "say"));
      await scheduler.settle();
      void connection.drain({ timeoutMs: 100 });
      await scheduler.advanceSettled(150);
    },
  ],
];

describe("execution in the ErrorInfo of a call", () => {
  it.each(ways)("%s %s %s: a call %s", async (reason, code, execution, _way, act) => {
    const bed = await held();
    await act(bed);
    await bed.scheduler.settle();
    const end = bed.channel.endOf(1);
    expect([end?.code, end?.notRun]).toEqual([code, false]);
    expect(decodeStatusDetails(end?.details ?? new Uint8Array())).toMatchObject({
      code,
      errorInfo: { reason, domain: "grpcrouter", metadata: { execution } },
    });
    expect(end?.message).toContain(reason);
  });

  it.each([
    ["of another subtype", whole(1, "say", "x", { subtype: "json", attempt: 1 })],
    ["without its message", start(1, "say", { attempt: 2 }, { halfClose: true })],
    ["of no method", { head: { callId: 1n, start: { method: 4_711, attempt: 1 }, halfClose: true } }],
  ])("is unknown for a call %s that may have run elsewhere before", async (_way, frame) => {
    const bed = await held();
    bed.channel.send(frame);
    await bed.scheduler.settle();
    const { details } = bed.channel.endOf(1) ?? {};
    expect(decodeStatusDetails(details ?? new Uint8Array())).toMatchObject({
      errorInfo: { metadata: { execution: "unknown" } },
    });
  });

  it("is left out where the router has answered: its Cancel", async () => {
    const { channel, scheduler, release } = await held();
    channel.send(whole(1, "say", "x"));
    await scheduler.settle();
    channel.send(head(1, { cancel: { mode: 2 } }));
    await scheduler.settle();
    await release();
    expect(channel.endOf(1)).toMatchObject({ code: Code.DeadlineExceeded, details: new Uint8Array() });
  });
});
