// SPDX-License-Identifier: Apache-2.0
// Two processes with one id, processes that stand still for long and wake up, clients that vanish, large messages.
import { setTimeout as sleep } from "node:timers/promises";
import { methods } from "../ledger/records.ts";
import type { InstanceProcess } from "../rig/fleet.ts";
import { victimId } from "../rig/toxic-wiring.ts";
import type { Scenario, Scene } from "../scenario.ts";
import { holdCalls } from "./hold-calls.ts";

/** In what time a process with open calls that stands still must be found, in milliseconds. */
const foundMs = 10_250;
/** Longer than a router that stands still is waited for. */
const longMs = 15_000;
const shortMs = 2_000;
const largeBytes = 1 << 20;

/** Twins, zombies and vanished clients. */
export const identityScenarios: readonly Scenario[] = [
  {
    name: "duplicate-id",
    what: "a second process with an instance's id comes: the older finishes its calls and gets no more",
    allows: [],
    async run({ fleet, check }) {
      const older = fleet.instance(victimId);
      const calls = await holdCalls(fleet, methods);
      const newer = await fleet.startInstance(victimId);
      fleet.release();
      await fleet.journal.untilEnded(calls);
      await checkFenced(fleet, older, check);
      check("the newer one serves", hasBegun(fleet, newer));
    },
  },
  {
    name: "zombie",
    what: "an instance stands still, is replaced by a process with its id, and wakes up: it gets no call any more",
    allows: ["lost"],
    leavesMark: true,
    delayMs: longMs,
    async run({ fleet, check, note }) {
      const zombie = fleet.instance(victimId);
      await holdCalls(fleet, methods);
      fleet.disturb([zombie]);
      fleet.signal(zombie, "SIGSTOP");
      note(`found after ${Math.round(await fleet.untilChannels(2, foundMs))} ms`);
      await fleet.startInstance(victimId);
      fleet.release();
      fleet.signal(zombie, "SIGCONT");
      await fleet.probe(zombie);
      await checkFenced(fleet, zombie, check);
      // While the newer one is there, the zombie may ask again and again.
      fleet.signal(zombie, "SIGKILL");
    },
  },
  {
    name: "freeze-instance-long",
    what: "an instance stands still under load until it is given up, wakes up and comes back",
    allows: ["lost"],
    leavesMark: true,
    delayMs: longMs,
    load: { isSmall: true },
    async run({ fleet, note }) {
      const victim = fleet.instance(victimId);
      await holdCalls(fleet, methods);
      fleet.disturb([victim]);
      fleet.signal(victim, "SIGSTOP");
      note(`found after ${Math.round(await fleet.untilChannels(2, foundMs))} ms`);
      fleet.signal(victim, "SIGCONT");
      await fleet.untilChannels(3, 10_000);
    },
  },
  {
    name: "freeze-router-long",
    what: "the router stands still for 15 s with calls open; instances leave it and come back",
    allows: ["lost", "cut"],
    leavesMark: true,
    delayMs: longMs,
    async run({ fleet }) {
      await holdCalls(fleet, methods);
      fleet.disturb();
      fleet.router.kill("SIGSTOP");
      await sleep(longMs);
      fleet.router.kill("SIGCONT");
      await fleet.untilChannels(3, 20_000);
    },
  },
  {
    name: "kill-client",
    what: "kill -9 of a client with calls open: they are cancelled where they run",
    allows: [],
    leavesMark: true,
    async run({ fleet }) {
      const calls = await holdCalls(fleet, methods);
      const own = calls.filter((call) => call.startsWith("node"));
      fleet.client("node").running.kill("SIGKILL");
      await fleet.client("node").running.exited;
      await fleet.journal.untilEach("is aborted", own, (entry) => entry.event === "end" && "run" in entry);
      await fleet.startClient("node");
    },
  },
  {
    name: "freeze-client",
    what: "a client stands still for 2 s with calls open and others coming in",
    allows: [],
    delayMs: shortMs,
    clientDelayMs: shortMs,
    load: {},
    async run({ fleet }) {
      const calls = await holdCalls(fleet, methods);
      const { running } = fleet.client("go");
      running.kill("SIGSTOP");
      fleet.release();
      await sleep(shortMs);
      running.kill("SIGCONT");
      await fleet.journal.untilEnded(calls);
    },
  },
  {
    name: "kill-instance-large-request",
    what: "kill -9 of an instance that has read a part of requests of 1 MiB",
    allows: ["lost"],
    leavesMark: true,
    async run(scene) {
      const { fleet } = scene;
      const victim = fleet.instance(victimId);
      fleet.signal(victim, "SIGSTOP");
      largeCalls(scene, { bytes: largeBytes });
      await fleet.settled();
      fleet.disturb([victim]);
      fleet.signal(victim, "SIGKILL");
      await victim.running.exited;
      await fleet.startInstance(victimId);
    },
  },
  {
    name: "kill-instance-large-reply",
    what: "kill -9 of an instance whose replies of 1 MiB are on their way",
    allows: ["lost"],
    async run(scene) {
      const { fleet } = scene;
      const victim = fleet.instance(victimId);
      const calls = largeCalls(scene, { replyBytes: largeBytes });
      await fleet.journal.until(
        "a reply",
        (entry) => entry.event === "out" && entry.by === victim.name && calls.includes(entry.call),
      );
      fleet.disturb([victim]);
      fleet.signal(victim, "SIGKILL");
      await victim.running.exited;
      await fleet.startInstance(victimId);
    },
  },
];

function largeCalls({ fleet }: Scene, sizes: { readonly bytes?: number; readonly replyBytes?: number }): string[] {
  return (["node", "go"] as const).flatMap((client) =>
    methods.map((method) => fleet.call(client, { method, ...sizes })),
  );
}

/** Whatever is called now, the process that was replaced does not run it. */
async function checkFenced(fleet: Scene["fleet"], fenced: InstanceProcess, check: Scene["check"]): Promise<void> {
  const calls = (["node", "go"] as const).flatMap((client) =>
    Array.from({ length: 20 }, () => fleet.call(client, { method: "Unary", patient: true })),
  );
  await fleet.journal.untilEnded(calls);
  const ran = fleet.journal.entries.filter(
    (entry) => entry.event === "begin" && entry.by === fenced.name && calls.includes(entry.call),
  );
  check("the process that was replaced gets no call", ran.length === 0, ran.length);
}

function hasBegun(fleet: Scene["fleet"], { name }: InstanceProcess): boolean {
  return fleet.journal.entries.some((entry) => entry.event === "begin" && entry.by === name);
}
