// SPDX-License-Identifier: Apache-2.0
import { Health_Status } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { RECONNECT_BASE_MS, TARGET_HEALTH_EVERY_MS, TARGET_HEALTH_WITHIN_MS } from "../limits.js";
import { type RelayBed, type RelayBedOptions, relayed } from "../testing/relay-bed.suite.js";
import { type HealthPeer, healthStatus, type PeerStream } from "../testing/target-peer.suite.js";

const { SERVING, NOT_SERVING } = Health_Status;
const ECHO = "test.v1.EchoService";

/** A target whose answers a test holds in its hands: the streams of Watch, by name. */
async function watched(answers: Readonly<Record<string, number>>, options: RelayBedOptions = {}) {
  const watches = new Map<string, PeerStream>();
  const health: HealthPeer = (stream, verb, name) => {
    if (verb !== "Watch") {
      stream.head().message(healthStatus(1)).trailers(0); // asked by `TargetPulse`, for any answer
      return;
    }
    watches.set(name, stream.head());
    const status = answers[name];
    if (status !== undefined) stream.message(healthStatus(status));
  };
  const bed = await relayed({ ...options, target: { ...options.target, health } });
  // The bed itself, not a copy: its channel is looked up when a test asks.
  return Object.assign(bed, { watches });
}

/** What the router knows now. */
function health({ channel }: Pick<RelayBed, "channel">): number | undefined {
  return channel.controls("health").at(-1)?.status ?? channel.hello.health?.status;
}

describe("TargetHealth", () => {
  it.each([
    ["the service serves", { [ECHO]: 1, "": 2 }, SERVING],
    ["the service does not", { [ECHO]: 2, "": 1 }, NOT_SERVING],
    ["the service is unknown, the server serves", { [ECHO]: 3, "": 1 }, SERVING],
    ["the service is unknown, the server does not serve", { [ECHO]: 3, "": 2 }, NOT_SERVING],
    ["both are unknown", { [ECHO]: 3, "": 3 }, SERVING],
  ])("tells the router when %s", async (_name, answers, expected) => {
    const bed = await watched(answers);
    await bed.scheduler.advanceSettled(200);
    expect(health(bed)).toBe(expected);
  });

  it("tells every change, with a word for people", async () => {
    const bed = await watched({ [ECHO]: 1, "": 1 });
    await bed.scheduler.advanceSettled(200);
    bed.watches.get(ECHO)?.message(healthStatus(2));
    await bed.scheduler.advanceSettled(200);
    expect(bed.channel.controls("health").at(-1)).toMatchObject({
      status: NOT_SERVING,
      note: "the server says NOT_SERVING",
    });
    expect(bed.logger.of("target_not_serving")).toMatchObject([
      { message: `${ECHO} takes no calls: the server says NOT_SERVING` },
    ]);
    bed.watches.get(ECHO)?.message(healthStatus(1));
    await bed.scheduler.advanceSettled(200);
    expect(health(bed)).toBe(SERVING);
  });

  it("says at most ten times a second that it has changed", async () => {
    const bed = await watched({ [ECHO]: 1, "": 1 });
    await bed.scheduler.advanceSettled(200);
    for (let count = 0; count < 500; count++) {
      bed.watches.get(ECHO)?.message(healthStatus(1 + (count % 2)));
      await bed.scheduler.advanceSettled(2);
    }
    expect(bed.channel.controls("health").length).toBeLessThan(15);
    expect(bed.channel.controls("close")).toEqual([]);
  });

  it("registers only when the target has said something, and as serving if it never does", async () => {
    const bed = await watched({});
    await bed.scheduler.advanceSettled(TARGET_HEALTH_WITHIN_MS - 100);
    expect(bed.peer.channels).toHaveLength(0);
    await bed.scheduler.advanceSettled(300);
    expect(bed.channel.hello.health?.status).toBe(SERVING);
  });

  it("does not serve again after a loss before the target has said so", async () => {
    const answers: Record<string, number> = { [ECHO]: 1, "": 1 };
    const bed = await watched(answers);
    await bed.scheduler.advanceSettled(11_000);
    delete answers[ECHO];
    bed.target.connections[0]?.duplex.reset();
    await bed.scheduler.advanceSettled(500);
    expect(bed.channel.controls("health")).toMatchObject([{ status: NOT_SERVING, note: "connection reset by peer" }]);
    expect(bed.target.connections).toHaveLength(2);
    bed.watches.get(ECHO)?.message(healthStatus(1));
    await bed.scheduler.advanceSettled(200);
    expect(health(bed)).toBe(SERVING);
  });

  it("asks by Check, again and again, when there is no Watch", async () => {
    let status = 1;
    const check: HealthPeer = (stream, verb, name) => {
      if (verb === "Watch") stream.head([["grpc-status", "12"]], true);
      else if (name === "") stream.head([["grpc-status", "5"]], true);
      else stream.head().message(healthStatus(status)).trailers(0);
    };
    const bed = await relayed({ target: { health: check } });
    await bed.scheduler.advanceSettled(200);
    expect(health(bed)).toBe(SERVING);
    status = 2;
    await bed.scheduler.advanceSettled(TARGET_HEALTH_EVERY_MS + 200);
    expect(health(bed)).toBe(NOT_SERVING);
    expect(bed.target.checks).toEqual([
      "Watch ",
      `Watch ${ECHO}`,
      "Check ",
      `Check ${ECHO}`,
      "Check ",
      `Check ${ECHO}`,
    ]);
  });

  it("opens a Watch again that broke, and believes until then what it said last", async () => {
    const bed = await watched({ [ECHO]: 2, "": 1 });
    await bed.scheduler.advanceSettled(200);
    bed.watches.get(ECHO)?.reset(2);
    await bed.scheduler.settle();
    expect(health(bed)).toBe(NOT_SERVING);
    expect(bed.target.checks).toHaveLength(2);
    await bed.scheduler.advanceSettled(RECONNECT_BASE_MS);
    expect(bed.target.checks.slice(2)).toEqual([`Watch ${ECHO}`]);
  });

  describe("of a server whose Watch fails", () => {
    /** A server whose Watch of the service answers as long as it is well, and fails at once when it is not. */
    async function unsteady() {
      const server = { isWell: true, watch: undefined as PeerStream | undefined, askedMs: [] as number[] };
      const answer: HealthPeer = (stream, verb, name) => {
        if (verb === "Watch" && name === ECHO) {
          server.askedMs.push(bed?.scheduler.nowMs() ?? 0);
          server.watch = stream;
          if (!server.isWell) {
            stream.head([["grpc-status", "14"]], true);
            return;
          }
        }
        stream.head().message(healthStatus(SERVING));
        if (verb === "Check") stream.trailers(0);
      };
      let bed: RelayBed | undefined;
      bed = await relayed({ ports: { random: () => 0.999 }, target: { health: answer } });
      await bed.scheduler.advanceSettled(200);
      return Object.assign(bed, { server });
    }

    it("does not serve when it fails again without a word, and serves when it answers", async () => {
      const bed = await unsteady();
      bed.server.isWell = false;
      bed.server.watch?.reset(2);
      await bed.scheduler.settle();
      expect(health(bed)).toBe(SERVING);
      await bed.scheduler.advanceSettled(RECONNECT_BASE_MS + 200);
      expect(bed.channel.controls("health").at(-1)).toMatchObject({
        status: NOT_SERVING,
        note: "the server's health check fails",
      });
      bed.server.isWell = true;
      await bed.scheduler.advanceSettled(5_000);
      expect(health(bed)).toBe(SERVING);
    });

    it("asks less and less often, and soon again after an answer", async () => {
      const bed = await unsteady();
      const { server, scheduler } = bed;
      const askedFrom = async (ms: number) => {
        const [fromMs, before] = [scheduler.nowMs(), server.askedMs.length];
        server.watch?.reset(2);
        await scheduler.advanceSettled(ms);
        return server.askedMs.slice(before).map((atMs) => Math.round((atMs - fromMs) / 100) * 100);
      };
      server.isWell = false;
      expect(await askedFrom(7_400)).toEqual([500, 1_500, 3_500, 7_500].slice(0, 3));
      server.isWell = true;
      await scheduler.advanceSettled(5_000);
      expect(health(bed)).toBe(SERVING);
      expect(await askedFrom(1_000)).toEqual([500]);
      expect(health(bed)).toBe(SERVING);
    });
  });

  it.each([
    ["has no health checks", "12"],
    ["lets nobody ask", "16"],
  ])("says once a connection that a server %s, and takes it as serving for good", async (_name, status) => {
    const bed = await relayed({ target: { health: (stream) => void stream.head([["grpc-status", status]], true) } });
    await bed.scheduler.advanceSettled(60_000);
    expect(health(bed)).toBe(SERVING);
    expect(bed.channel.controls("health")).toEqual([]);
    expect(bed.logger.of("target_health_unknown").map(({ message }) => message)).toEqual([
      "http://target.test:80 does not tell its health (grpc.health.v1): it counts as serving while it is connected",
    ]);
  });

  it("asks on the next connection when the target goes away", async () => {
    const bed = await watched({ [ECHO]: 1, "": 1 });
    await bed.scheduler.advanceSettled(11_000);
    bed.target.connections[0]?.connection.close(0, "max_age");
    await bed.scheduler.advanceSettled(500);
    expect(bed.target.checks.filter((check) => check.startsWith("Watch"))).toHaveLength(4);
    expect(health(bed)).toBe(SERVING);
  });

  it.each([
    ["lets nobody ask", [["grpc-status", "16"]]],
    ["answers nonsense", undefined],
  ] as const)("takes a target that %s as serving", async (_name, fields) => {
    const answer: HealthPeer = (stream) => {
      if (fields !== undefined) stream.head(fields, true);
      else stream.head().message(Uint8Array.of(0x0a, 0xff));
    };
    const bed = await relayed({ target: { health: answer } });
    await bed.scheduler.advanceSettled(200);
    expect(health(bed)).toBe(SERVING);
  });
});
