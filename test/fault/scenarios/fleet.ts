// SPDX-License-Identifier: Apache-2.0
// What happens to whole fleets: restarts, drains, takeovers, and everything gone, all under load.
import { setTimeout as sleep } from "node:timers/promises";
import { victimId } from "../rig/toxic-wiring.ts";
import type { Scenario } from "../scenario.ts";
import { holdCalls } from "./hold-calls.ts";

/** How long the load runs before and between faults, in milliseconds. */
const loadMs = 700;
/** How long everything is gone. */
const goneMs = 1_500;
/** A grace that is over before the calls are. */
const shortGraceMs = 1_000;

const ids = ["a", "b", "c"] as const;

/** Restarts and drains. */
export const fleetScenarios: readonly Scenario[] = [
  {
    name: "rolling-restart",
    what: "one instance after the other gets SIGTERM and a successor, under load",
    isQuick: true,
    allows: [],
    load: {},
    async run({ fleet }) {
      for (const id of ids) {
        await sleep(loadMs);
        const leaving = fleet.instance(id);
        fleet.signal(leaving, "SIGTERM");
        await leaving.running.exited;
        await fleet.startInstance(id);
      }
      await sleep(loadMs);
    },
  },
  {
    name: "rolling-kill",
    what: "one instance after the other gets kill -9 and a successor, under load",
    allows: ["lost"],
    load: {},
    async run({ fleet }) {
      for (const id of ids) {
        await sleep(loadMs);
        const leaving = fleet.instance(id);
        fleet.disturb([leaving]);
        fleet.signal(leaving, "SIGKILL");
        await leaving.running.exited;
        await fleet.startInstance(id);
      }
      await sleep(loadMs);
    },
  },
  {
    name: "router-restart",
    what: "the router gets SIGTERM and a successor, under load of clients that wait",
    allows: [],
    load: { patient: true },
    async run({ fleet }) {
      await sleep(loadMs);
      fleet.router.kill("SIGTERM");
      await fleet.router.exited;
      await fleet.startRouter();
      await sleep(loadMs);
    },
  },
  {
    name: "router-restart-impatient",
    what: "the router gets SIGTERM and a successor, under load of clients that do not wait",
    allows: ["refused"],
    load: {},
    async run({ fleet }) {
      await sleep(loadMs);
      fleet.router.kill("SIGTERM");
      await fleet.router.exited;
      await fleet.startRouter();
      await sleep(loadMs);
    },
  },
  {
    name: "router-kill",
    what: "the router gets kill -9 and a successor, under load of clients that reconnect",
    isQuick: true,
    allows: ["cut"],
    leavesMark: true,
    load: { patient: true },
    async run({ fleet }) {
      await holdCalls(fleet, ["Unary", "UnaryAgain", "Bidi"]);
      fleet.disturb();
      fleet.router.kill("SIGKILL");
      await fleet.router.exited;
      await fleet.startRouter();
      await sleep(loadMs);
    },
  },
  {
    name: "half-drained",
    what: "half of four instances get SIGTERM at once, under load",
    allows: [],
    fleet: () => ({ instances: ["a", "b", "c", "d"] }),
    load: {},
    async run({ fleet }) {
      await sleep(loadMs);
      const leaving = [fleet.instance("a"), fleet.instance("b")];
      for (const instance of leaving) fleet.signal(instance, "SIGTERM");
      await Promise.all(leaving.map(({ running }) => running.exited));
      await sleep(loadMs);
      await Promise.all(leaving.map(({ id }) => fleet.startInstance(id)));
    },
  },
  {
    name: "all-killed",
    what: "all instances get kill -9 and come back; calls that wait for one then run",
    isQuick: true,
    allows: ["lost", "refused"],
    load: {},
    async run({ fleet, mustSucceed }) {
      await sleep(loadMs);
      const gone = [...fleet.instances.values()];
      fleet.disturb(gone);
      for (const instance of gone) fleet.signal(instance, "SIGKILL");
      await fleet.untilChannels(0, 5_000);
      mustSucceed(
        ids.flatMap(() =>
          (["node", "go"] as const).map((client) => fleet.call(client, { method: "Bidi", patient: true })),
        ),
      );
      await fleet.settled();
      await sleep(goneMs);
      await Promise.all(gone.map(({ id }) => fleet.startInstance(id)));
    },
  },
  {
    name: "all-drained",
    what: "all instances get SIGTERM at once and come back, under load of calls that wait",
    allows: [],
    load: { patient: true },
    async run({ fleet }) {
      await sleep(loadMs);
      const leaving = [...fleet.instances.values()];
      for (const instance of leaving) fleet.signal(instance, "SIGTERM");
      await Promise.all(leaving.map(({ running }) => running.exited));
      await sleep(goneMs);
      await Promise.all(leaving.map(({ id }) => fleet.startInstance(id)));
    },
  },
  {
    name: "instance-grace-over",
    what: "an instance drains with calls that outlive its grace",
    allows: ["lost"],
    leavesMark: true,
    fleet: () => ({ extra: { [victimId]: ["--grace-ms", `${shortGraceMs}`] } }),
    async run({ fleet }) {
      const victim = fleet.instance(victimId);
      await holdCalls(fleet, ["Unary", "UnaryAgain", "Bidi", "ServerStream"]);
      fleet.disturb([victim]);
      fleet.signal(victim, "SIGTERM");
      await victim.running.exited;
      await fleet.startInstance(victimId);
    },
  },
  {
    name: "router-grace-over",
    what: "the router drains with calls that outlive its grace",
    allows: ["lost", "cut"],
    leavesMark: true,
    fleet: () => ({ router: { graceMs: shortGraceMs } }),
    async run({ fleet }) {
      await holdCalls(fleet, ["Unary", "UnaryAgain", "Bidi", "ServerStream"]);
      fleet.disturb();
      fleet.router.kill("SIGTERM");
      await fleet.router.exited;
      await fleet.startRouter();
    },
  },
];
