// SPDX-License-Identifier: Apache-2.0
// A bridge whose process stood still (SIGSTOP, a long collection of garbage, a laptop that slept): what has arrived
// meanwhile is read before anybody is judged by the clock.

import { createFlusher } from "@grpc-router/http2";
import {
  createDuplex,
  createFakeScheduler,
  createRawPeer,
  type RawPeer,
  rawSettings,
  rawSettingsAck,
} from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { afterReading } from "./after-reading.js";
import { LOOP_STALL_MS, READ_FIRST_MS } from "./limits.js";
import { Link } from "./register/link.js";
import { textOf, whole } from "./testing/bridge-bed.suite.js";
import { held } from "./testing/held-bed.suite.js";
import { relayed } from "./testing/relay-bed.suite.js";

/** Longer than every limit of time. */
const PAUSE_MS = 120_000;

describe("afterReading()", () => {
  function timed(lateMs: number) {
    const scheduler = createFakeScheduler();
    const startMs = scheduler.nowMs();
    const ran: number[] = [];
    const timer = afterReading(scheduler, 1_000, () => ran.push(scheduler.nowMs() - startMs));
    scheduler.stall(1_000 + lateMs);
    return { scheduler, timer, ran };
  }

  it.each([
    [0, 1_000],
    [LOOP_STALL_MS, 1_000 + LOOP_STALL_MS],
    [LOOP_STALL_MS + 1, 1_001 + LOOP_STALL_MS + READ_FIRST_MS],
  ])("%i ms late, runs its task %i ms after it was asked for", (lateMs, ranMs) => {
    const { scheduler, ran } = timed(lateMs);
    scheduler.advance(10_000);
    expect(ran).toEqual([ranMs]);
  });

  it("can be cancelled until it has run", () => {
    const { scheduler, timer, ran } = timed(5_000);
    scheduler.runUntilIdle();
    timer.cancel();
    scheduler.advance(10_000);
    expect([ran, scheduler.pendingTimers]).toEqual([[], 0]);
  });
});

describe("a bridge that stood still", () => {
  it("takes a Welcome that came meanwhile, and the calls behind it", async () => {
    const { channel, scheduler, peer, logger } = await held({ welcome: false });
    await scheduler.advanceSettled(500);
    scheduler.stall(PAUSE_MS);
    channel.welcome().send(whole(1, "say", "x"));
    await scheduler.advanceSettled(1_000);
    expect(logger.of("refused")).toEqual([]);
    expect(peer.connections).toHaveLength(1);
    expect(channel.closed).toBeUndefined();
  });

  it("keeps a channel whose router answers, and answers the call that came meanwhile", async () => {
    const { channel, scheduler, peer, release } = await held();
    await scheduler.advanceSettled(3_000);
    scheduler.stall(PAUSE_MS);
    channel.send(whole(1, "say", "x"));
    await scheduler.advanceSettled(2_000);
    await release();
    expect(peer.connections).toHaveLength(1);
    expect(channel.closed).toBeUndefined();
    expect(textOf(channel.messagesOf(1)[0])).toBe("x");
  });

  it("keeps a connection whose router said its SETTINGS meanwhile", () => {
    const scheduler = createFakeScheduler();
    const duplex = createDuplex(scheduler);
    const router = createRawPeer(duplex.right);
    const nothing = () => undefined;
    const owner = { onLinkRetired: nothing, onLinkTick: nothing, onLinkClosed: nothing };
    const flusher = createFlusher(scheduler);
    const link = new Link({ transport: duplex.left, flusher, owner, url: undefined, limits: undefined });
    duplex.left.deliverTo(link.sink);
    scheduler.advance(500);
    scheduler.stall(PAUSE_MS);
    router.send(rawSettings(), rawSettingsAck);
    scheduler.advance(3_000);
    expect(router.over).toBeUndefined();
    expect(link.isUsable).toBe(true);
  });

  it("keeps a connection whose target said its SETTINGS meanwhile", async () => {
    const targets: RawPeer[] = [];
    const bed = await relayed({
      prepare: (target, scheduler) => {
        const dial: typeof target.dial = (events) => {
          const duplex = createDuplex(scheduler);
          targets.push(createRawPeer(duplex.right));
          duplex.left.deliverTo(events.connected(duplex.left));
          return { cancel: () => undefined };
        };
        Object.assign(target, { dial });
      },
    });
    await bed.scheduler.advanceSettled(500);
    bed.scheduler.stall(PAUSE_MS);
    targets[0]?.send(rawSettings(), rawSettingsAck);
    await bed.scheduler.advanceSettled(1_500);
    expect(targets).toHaveLength(1);
    expect(bed.logger.of("target_connected")).toHaveLength(1);
  });
});
