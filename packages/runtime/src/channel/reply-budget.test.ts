// SPDX-License-Identifier: Apache-2.0
import { MAX_CHANNEL_BUFFER_BYTES } from "@grpc-router/protocol";
import { createRecordingLogger } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { CallRecord } from "../forward/call-record.js";
import type { Forwarder } from "../forward/forwarder.js";
import type { MethodRoute } from "../registry/method-route.js";
import { ReplyBudget } from "./reply-budget.js";

const MIB = 1024 * 1024;

/** A budget whose time stands still until told, and what it cut off. */
function setUp() {
  const clock = { lastMs: 5_000 };
  const logger = createRecordingLogger();
  const cut: CallRecord[] = [];
  const ending = {
    cutOff(call: CallRecord) {
      cut.push(call);
      const held = call.replyHeld;
      call.replyHeld = 0;
      budget.remove(call, held);
    },
  };
  // The rest of a forwarder is not asked for.
  const forwarder = { context: { clock, logger }, ending } as unknown as Forwarder;
  const budget = new ReplyBudget("one", forwarder);
  const hold = (call: CallRecord, bytes: number): void => {
    call.replyHeld += bytes;
    budget.add(call, bytes);
  };
  const take = (call: CallRecord, bytes: number): void => {
    call.replyHeld -= bytes;
    budget.remove(call, bytes);
  };
  /** Time goes on, and frames of other calls with it. */
  const [other] = calls(1);
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 100) {
      clock.lastMs += Math.min(left, 100);
      if (other !== undefined) hold(other, 1);
      if (other !== undefined) take(other, 1);
    }
  };
  return { clock, logger, cut, hold, take, pass };
}

function calls(count: number): CallRecord[] {
  const route = { path: "/acme.test.v1.Test/Watch" } as MethodRoute;
  return Array.from({ length: count }, () => {
    const call = new CallRecord(route);
    call.route = route;
    return call;
  });
}

describe("ReplyBudget", () => {
  test("lets readers leave more than the channel's buffers for a moment", () => {
    const { clock, cut, hold, take } = setUp();
    const readers = calls(100);
    for (let round = 0; round < 50; round++) {
      clock.lastMs += 90;
      for (const call of readers) hold(call, MIB / 2);
      expect(cut).toEqual([]);
      for (const call of readers) take(call, MIB / 2 - 1);
      for (const call of readers) take(call, 1);
    }
  });

  test("cuts off the one that holds most of those who stopped reading", () => {
    const { cut, logger, hold, take, pass } = setUp();
    const [reader, idle, idler] = calls(3);
    if (reader === undefined || idle === undefined || idler === undefined) throw new Error("three calls");
    hold(reader, 12 * MIB);
    hold(idle, MIB);
    hold(idler, 2 * MIB);
    pass(1_000);
    take(reader, 1);
    expect(cut).toEqual([]);
    hold(reader, 2 * MIB);
    expect(cut).toEqual([idler]);
    expect(logger.of("buffer_limit")[0]?.message).toContain("BUFFER_LIMIT");
    // What it held is free again.
    hold(reader, MIB / 2);
    expect(cut).toEqual([idler]);
  });

  test("looks for them now and then, not with every frame", () => {
    const { clock, cut, hold, pass } = setUp();
    const [first, second, reader] = calls(3);
    if (first === undefined || second === undefined || reader === undefined) throw new Error("three calls");
    hold(first, 8 * MIB);
    hold(second, 7 * MIB);
    pass(1_000);
    hold(reader, 10 * MIB);
    expect(cut).toEqual([first]);
    hold(reader, 1);
    expect(cut).toEqual([first]);
    clock.lastMs += 100;
    hold(reader, 1);
    expect(cut).toEqual([first, second]);
  });

  test("blames nobody for a time in which the process stood still", () => {
    const { clock, cut, hold, pass } = setUp();
    const [idle, reader] = calls(2);
    if (idle === undefined || reader === undefined) throw new Error("two calls");
    hold(idle, 10 * MIB);
    clock.lastMs += 5_000;
    hold(reader, 10 * MIB);
    expect(cut).toEqual([]);
    pass(1_000);
    hold(reader, 1);
    expect(cut).toEqual([idle]);
  });

  test("is bounded whoever reads", () => {
    const { cut, hold } = setUp();
    const readers = calls(16);
    for (const call of readers) hold(call, (MAX_CHANNEL_BUFFER_BYTES * 8) / 16);
    expect(cut).toEqual([]);
    const [last] = readers.slice(-1);
    if (last !== undefined) hold(last, 1);
    expect(cut).toEqual([last]);
  });
});
