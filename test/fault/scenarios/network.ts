// SPDX-License-Identifier: Apache-2.0
// Packets that are lost: an instance, or the clients, in a network namespace behind a wire that drops them.
import { setTimeout as sleep } from "node:timers/promises";
import { LossyWiring } from "../rig/lossy-wiring.ts";
import { type Leg, victimId } from "../rig/toxic-wiring.ts";
import type { Scenario, Scene } from "../scenario.ts";
import { holdCalls } from "./hold-calls.ts";

/** In what time a half-open connection must be found, in milliseconds, without and with open calls. */
const idleMs = 20_000;
const busyMs = 10_000;
/** How long a look at the router takes at most, in milliseconds. */
const lookMs = 250;
/** A disturbance that is over before anybody is given up, in milliseconds. */
const shortMs = 3_000;
/** Share of the packets that a bad wire loses. */
const badShare = 0.3;
const badForMs = 6_000;
/** Milliseconds without a byte after which the router asks a client, and for the answer. */
const keepalive = { timeMs: 2_000, timeoutMs: 2_000 };

const base = { needs: ["namespaces"], allows: [], delayMs: 20_000 } as const;
const behind = (leg: Leg) => (seed: number) => ({ wiring: new LossyWiring(leg, seed) });

/** What happens to packets. */
export const networkScenarios: readonly Scenario[] = [
  {
    ...base,
    name: "blackhole-instance-idle",
    what: "an idle instance behind a black hole is found within 20 s",
    fleet: behind("instance"),
    async run({ fleet, check, note }) {
      fleet.disturb([fleet.instance(victimId)]);
      await wireOf(fleet).lose(1);
      const foundMs = await fleet.untilChannels(2, idleMs + 10_000);
      note(`found after ${Math.round(foundMs)} ms`);
      check(`found within ${idleMs} ms`, foundMs <= idleMs + lookMs, Math.round(foundMs));
    },
  },
  {
    ...base,
    name: "blackhole-instance-busy",
    what: "an instance with open calls behind a black hole is found within 10 s, by the router and by itself",
    isQuick: true,
    allows: ["lost"],
    leavesMark: true,
    fleet: behind("instance"),
    async run({ fleet, check, note }) {
      const victim = fleet.instance(victimId);
      fleet.disturb([victim]);
      await holdCalls(fleet, ["Unary", "UnaryAgain", "Bidi"]);
      const startedMs = performance.now();
      const aborted = fleet.journal
        .next("an abort", (entry) => entry.by === victim.name && entry.event === "end", busyMs + 10_000)
        .then(() => performance.now() - startedMs);
      aborted.catch(() => {}); // told where it is awaited
      await wireOf(fleet).lose(1);
      const foundMs = await fleet.untilChannels(2, busyMs + 10_000);
      check(`found by the router within ${busyMs} ms`, foundMs <= busyMs + lookMs, Math.round(foundMs));
      const abortedMs = await aborted;
      note(`found by the router after ${Math.round(foundMs)} ms, by the instance after ${Math.round(abortedMs)} ms`);
      check(`found by the instance within ${busyMs} ms`, abortedMs <= busyMs + lookMs, Math.round(abortedMs));
    },
  },
  {
    ...base,
    name: "blackhole-instance-short",
    what: "a black hole of 3 s before an instance under load, which nobody gives up",
    fleet: behind("instance"),
    load: { isSmall: true },
    async run({ fleet }) {
      await wireOf(fleet).lose(1);
      await sleep(shortMs);
    },
  },
  {
    ...base,
    name: "blackhole-instance-killed",
    what: "kill -9 of an instance behind a black hole, so that no FIN or RST says it",
    allows: ["lost"],
    leavesMark: true,
    fleet: behind("instance"),
    load: { isSmall: true },
    async run({ fleet, check, note }) {
      const victim = fleet.instance(victimId);
      fleet.disturb([victim]);
      await wireOf(fleet).lose(1);
      fleet.signal(victim, "SIGKILL");
      const foundMs = await fleet.untilChannels(2, busyMs + 10_000);
      note(`found after ${Math.round(foundMs)} ms`);
      check(`found within ${busyMs} ms`, foundMs <= busyMs + lookMs, Math.round(foundMs));
      await fleet.wiring.heal();
      await fleet.startInstance(victimId);
    },
  },
  {
    ...base,
    name: "blackhole-clients",
    what: "clients behind a black hole: the router gives them up, and what they called is cancelled",
    allows: ["cut"],
    leavesMark: true,
    fleet: (seed) => ({ ...behind("clients")(seed), router: { connections: { keepalive } } }),
    async run({ fleet }) {
      const calls = await holdCalls(fleet, ["Bidi"]);
      await wireOf(fleet).lose(1);
      await fleet.journal.untilEach("is aborted", calls, (entry) => entry.event === "end" && "run" in entry);
    },
  },
  lossy("instance", "an instance"),
  lossy("clients", "the clients"),
  unplugged("instance", "an instance"),
  unplugged("clients", "the clients"),
];

function lossy(leg: Leg, words: string): Scenario {
  return {
    ...base,
    name: `loss-${leg}`,
    what: `${badShare * 100} % of the packets between ${words} and the router are lost, both ways`,
    // So bad a wire may be silent for as long as makes a peer dead.
    allows: leg === "instance" ? ["lost"] : [],
    fleet: behind(leg),
    load: { isSmall: true, perSecond: 20 },
    async run({ fleet }) {
      if (leg === "instance") fleet.disturb([fleet.instance(victimId)]);
      await wireOf(fleet).lose(badShare);
      await sleep(badForMs);
    },
  };
}

function unplugged(leg: Leg, words: string): Scenario {
  return {
    ...base,
    name: `unplug-${leg}`,
    what: `the cable of ${words} is out for 3 s`,
    fleet: behind(leg),
    load: { isSmall: true },
    async run({ fleet }) {
      wireOf(fleet).setLink("down");
      await sleep(shortMs);
      wireOf(fleet).setLink("up");
    },
  };
}

function wireOf({ wiring }: Scene["fleet"]): LossyWiring {
  if (wiring instanceof LossyWiring) return wiring;
  throw new Error("Cannot lose packets: the scenario must have a lossy wire");
}
