// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { whole } from "../testing/bridge-bed.suite.js";
import { held } from "../testing/held-bed.suite.js";

describe("Heartbeat", () => {
  it("pings after a silence, twice, and gives the connection up", async () => {
    const { channel, scheduler, peer, logger } = await held();
    await scheduler.advanceSettled(9_400);
    expect(channel.controls("ping")).toEqual([]);
    await scheduler.advanceSettled(100);
    expect(channel.controls("ping")).toMatchObject([{ token: 1n }]);
    await scheduler.advanceSettled(4_000);
    expect(channel.controls("ping")).toMatchObject([{ token: 1n }, { token: 2n }]);
    await scheduler.advanceSettled(4_000);
    expect(channel.closed).toBeDefined();
    expect(logger.of("registration_lost")[0]?.message).toContain("HEARTBEAT_LOST");
    expect(peer.connections[0]?.connection.closed).toBe(true);
    await scheduler.advanceSettled(1_000);
    expect(peer.channels).toHaveLength(2);
  });

  it("takes any byte for an answer", async () => {
    const { channel, scheduler } = await held();
    for (let round = 0; round < 5; round++) {
      await scheduler.advanceSettled(12_000);
      channel.send({ head: {} });
      await scheduler.settle();
    }
    expect(channel.closed).toBeUndefined();
    expect(channel.controls("ping")).toHaveLength(5);
  });

  it("waits half as long while a call is open, by the Welcome's times", async () => {
    const { channel, scheduler } = await held({
      ports: { random: () => 0 },
      welcome: { pingAfterMs: 1_000, pongWithinMs: 100 },
    });
    await scheduler.advanceSettled(300);
    channel.send(whole(1, "say", "x"));
    await scheduler.advanceSettled(399);
    expect(channel.controls("ping")).toHaveLength(0);
    await scheduler.advanceSettled(1);
    expect(channel.controls("ping")).toHaveLength(1);
    await scheduler.advanceSettled(99);
    expect(channel.closed).toBeUndefined();
    await scheduler.advanceSettled(1);
    expect(channel.closed).toBeDefined();
  });

  it.each([
    { name: "19 s", calls: 0, atMostMs: 19_000 },
    { name: "half of that while a call is open", calls: 1, atMostMs: 9_500 },
  ])("finds a silent router in at most $name", async ({ calls, atMostMs }) => {
    const { channel, scheduler } = await held({ ports: { random: () => 0.999_999 } });
    for (let id = 1; id <= calls; id++) channel.send(whole(id, "say", "x"));
    await scheduler.settle();
    await scheduler.advanceSettled(atMostMs - 10);
    expect(channel.closed).toBeUndefined();
    await scheduler.advanceSettled(10);
    expect(channel.closed).toBeDefined();
  });

  it("does not judge the router for a stall of its own", async () => {
    const { channel, scheduler } = await held();
    await scheduler.advanceSettled(14_000);
    expect(channel.controls("ping")).toHaveLength(2);
    let stalledMs = 0;
    const { nowMs } = scheduler;
    scheduler.nowMs = () => nowMs() + stalledMs;
    stalledMs = 60_000;
    await scheduler.advanceSettled(4_000);
    expect(channel.closed).toBeUndefined();
    await scheduler.advanceSettled(4_000);
    expect(channel.closed).toBeDefined();
  });

  it("finds the router gone though it stands still again and again", async () => {
    const { scheduler, channel, peer, logger } = await held();
    peer.connections[0]?.duplex.cut("toLeft");
    for (let count = 0; count < 15; count++) {
      scheduler.stall(2_000);
      await scheduler.settle();
    }
    expect(logger.of("unreachable").length + logger.of("registration_lost").length).toBeGreaterThan(0);
    expect(channel.closed).toBeDefined();
  });
});
