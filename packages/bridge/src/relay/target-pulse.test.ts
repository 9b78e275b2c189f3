// SPDX-License-Identifier: Apache-2.0
import { Health_Status, StatusCode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { TARGET_ANSWER_MS, TARGET_SILENCE_MS } from "../limits.js";
import { type RelayBed, relayed, relayStart, relayWhole } from "../testing/relay-bed.suite.js";
import { type HealthPeer, healthStatus } from "../testing/target-peer.suite.js";

const SECOND = 1_000;
const hello = Uint8Array.of(1, 2, 3);

const open = ({ target }: RelayBed) => target.connections.filter(({ connection }) => !connection.closed);
const questions = ({ target }: RelayBed) => target.checks.filter((check) => check === "Check ");

/** Lets seconds pass in which the router answers pings. */
async function pass(bed: RelayBed, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    bed.channel.control({ case: "pong", value: {} });
    await bed.scheduler.advanceSettled(SECOND);
  }
}

describe("TargetPulse", () => {
  it("finds a half-open connection within 20 s: its calls end, and the router is told", async () => {
    const bed = await relayed();
    bed.channel.send(relayStart(1, "Chat"));
    await bed.scheduler.settle();
    bed.target.connections[0]?.duplex.cut("toLeft");
    bed.target.refuse = new Error("connection refused");
    await pass(bed, (TARGET_SILENCE_MS + TARGET_ANSWER_MS) / SECOND - 1);
    expect(bed.channel.endOf(1)).toBeUndefined();
    await pass(bed, 3);
    expect(bed.channel.endOf(1)).toMatchObject({ code: StatusCode.unavailable, notRun: false });
    expect(bed.channel.endOf(1)?.message).toContain("execution started (INSTANCE_LOST)");
    expect(bed.channel.controls("health").at(-1)).toMatchObject({
      status: Health_Status.NOT_SERVING,
      note: "it does not answer",
    });
    expect(bed.logger.of("target_lost")[0]?.message).toBe(
      "Lost http://target.test:80: it does not answer. Connecting again",
    );
  });

  it("finds one on which no call is open, too, and makes another", async () => {
    const bed = await relayed();
    bed.target.connections[0]?.duplex.cut("toLeft");
    await pass(bed, 20);
    expect(bed.target.connections).toHaveLength(2);
    bed.channel.send(relayWhole(1, "Say", hello));
    await bed.scheduler.settle();
    bed.target.last().head().message(hello).trailers(0);
    await bed.scheduler.settle();
    expect(bed.channel.endOf(1)?.code).toBe(0);
  });

  const answers: readonly [string, HealthPeer][] = [
    ["has no health checks", (stream) => stream.head([["grpc-status", "12"]], true)],
    ["lets nobody ask", (stream) => stream.head([["grpc-status", "16"]], true)],
    ["resets what asks", (stream) => stream.reset(2)],
    [
      "answers",
      (stream, verb) => {
        stream.head().message(healthStatus(1));
        if (verb === "Check") stream.trailers(0);
      },
    ],
  ];
  it.each(answers)(
    "leaves a quiet call alone for an hour at a target that %s, and sends no PING too many",
    async (_case, health) => {
      const bed = await relayed({ target: { health } });
      bed.channel.send(relayStart(1, "Chat"));
      await bed.scheduler.settle();
      // The target bears pings as gRPC servers do: the third one within five minutes ends the connection.
      await pass(bed, 3_600);
      expect(bed.target.connections).toHaveLength(1);
      expect(open(bed)).toHaveLength(1);
      bed.target.last().head().trailers(0);
      await bed.scheduler.settle();
      expect(bed.channel.endOf(1)?.code).toBe(0);
    },
  );

  it("asks nobody who says something anyway", async () => {
    const bed = await relayed();
    bed.channel.send(relayStart(1, "Chat"));
    await bed.scheduler.settle();
    const stream = bed.target.last().head();
    const { length } = questions(bed);
    for (let count = 0; count < 30; count++) {
      stream.message(hello);
      await pass(bed, 2);
    }
    expect(questions(bed)).toHaveLength(length);
  });

  it("takes any byte for an answer, and asks anew: handlers that are all busy", async () => {
    const health: HealthPeer = (stream, verb) => {
      if (verb === "Watch") stream.head().message(healthStatus(1));
    };
    const bed = await relayed({ target: { health } });
    bed.channel.send(relayStart(1, "Chat"));
    await bed.scheduler.settle();
    const stream = bed.target.last().head();
    for (let count = 0; count < 6; count++) {
      await pass(bed, 15);
      stream.message(hello);
    }
    expect(open(bed)).toHaveLength(1);
    expect(questions(bed).length).toBeGreaterThan(3);
    // Those that came to nothing are given up, so that they take no streams.
    expect(bed.target.connections[0]?.connection.openStreams).toBeLessThan(5);
  });

  it("cannot ask where no stream is left, and gives nobody up for that", async () => {
    const bed = await relayed({ target: { limits: { concurrentStreams: 1 } } });
    bed.channel.send(relayStart(1, "Chat"));
    await bed.scheduler.settle();
    await pass(bed, 120);
    expect(bed.channel.endOf(1)).toBeUndefined();
    expect(bed.logger.of("target_lost")).toEqual([]);
  });
});
