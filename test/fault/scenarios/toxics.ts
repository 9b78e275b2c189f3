// SPDX-License-Identifier: Apache-2.0
// Bad connections, made by toxiproxy: between an instance and the router, and between the clients and the router.
import { setTimeout as sleep } from "node:timers/promises";
import type { Allowance } from "../ledger/check-ledger.ts";
import { methods } from "../ledger/records.ts";
import type { LoadOptions } from "../rig/load.ts";
import { type Leg, type Toxic, ToxicWiring, victimId } from "../rig/toxic-wiring.ts";
import type { Scenario, Scene } from "../scenario.ts";
import { holdCalls } from "./hold-calls.ts";

interface Bad {
  readonly name: string;
  readonly words: string;
  readonly toxic: Toxic;
  /** How long the toxic is there, in milliseconds. */
  readonly lastsMs: number;
  /** It ends connections. Default false: it only makes them slow. */
  readonly cuts?: boolean;
  readonly load?: LoadOptions;
}

const bads: readonly Bad[] = [
  {
    name: "latency",
    words: "150 ± 100 ms each way",
    toxic: { type: "latency", attributes: { latency: 150, jitter: 100 } },
    lastsMs: 4_000,
  },
  {
    name: "bandwidth",
    words: "200 KB/s each way",
    toxic: { type: "bandwidth", attributes: { rate: 200 } },
    lastsMs: 4_000,
    load: { isSmall: true },
  },
  {
    name: "slicer",
    words: "bytes come in pieces of 32 to 96",
    toxic: { type: "slicer", attributes: { average_size: 64, size_variation: 32, delay: 100 } },
    lastsMs: 4_000,
    load: { isSmall: true },
  },
  {
    name: "reset-peer",
    words: "each connection is reset after 400 ms",
    toxic: { type: "reset_peer", attributes: { timeout: 400 } },
    lastsMs: 3_000,
    cuts: true,
  },
  {
    name: "timeout",
    words: "nothing passes, and after 1.5 s the connection ends",
    toxic: { type: "timeout", attributes: { timeout: 1_500 } },
    lastsMs: 4_000,
    cuts: true,
  },
  {
    name: "limit-data",
    words: "each connection ends after 100 KB",
    toxic: { type: "limit_data", attributes: { bytes: 100_000 } },
    lastsMs: 4_000,
    cuts: true,
  },
];

/** The pieces of a slow connection's scenario that are large, in bytes. */
const largeBytes = 300_000;
/** Milliseconds without a byte after which the router asks a client, and for the answer. */
const keepalive = { timeMs: 2_000, timeoutMs: 2_000 };
const legs: readonly Leg[] = ["instance", "clients"];
const quick = new Set(["reset-peer-instance", "limit-data-clients"]);

/** One scenario for each toxic and leg, and each leg stalled for long. */
export const toxicScenarios: readonly Scenario[] = [
  ...bads.flatMap((bad) => legs.map((leg) => scenarioOf(bad, leg))),
  {
    name: "stall-instance",
    what: "nothing passes between an instance with open calls and the router until it is given up",
    needs: ["toxiproxy"],
    allows: ["lost"],
    leavesMark: true,
    fleet: () => ({ wiring: new ToxicWiring() }),
    delayMs: 15_000,
    load: { isSmall: true },
    async run({ fleet }) {
      fleet.disturb([fleet.instance(victimId)]);
      await wiringOf(fleet).poison("instance", { type: "timeout", attributes: { timeout: 0 } });
      await fleet.untilChannels(2, 15_000);
    },
  },
  {
    name: "stall-clients",
    what: "nothing passes between clients and router until the router gives them up and ends their calls",
    needs: ["toxiproxy"],
    allows: ["cut"],
    leavesMark: true,
    fleet: () => ({ wiring: new ToxicWiring(), router: { connections: { keepalive } } }),
    async run({ fleet }) {
      const calls = await holdCalls(fleet, ["Bidi"]);
      await wiringOf(fleet).poison("clients", { type: "timeout", attributes: { timeout: 0 } });
      await fleet.journal.untilEach("is aborted", calls, (entry) => entry.event === "end" && "run" in entry);
    },
  },
];

function scenarioOf({ name: bad, words, toxic, lastsMs, cuts = false, load = {} }: Bad, leg: Leg): Scenario {
  const name = `${bad}-${leg}`;
  const allows: readonly Allowance[] = leg === "instance" ? ["lost"] : ["cut"];
  return {
    name,
    what: `between ${leg === "instance" ? "an instance" : "the clients"} and the router ${words}`,
    isQuick: quick.has(name),
    needs: ["toxiproxy"],
    allows: cuts ? allows : [],
    delayMs: lastsMs,
    leavesMark: cuts,
    fleet: () => ({ wiring: new ToxicWiring() }),
    load,
    async run({ fleet }) {
      if (cuts && leg === "instance") fleet.disturb([fleet.instance(victimId)]);
      if (cuts) await holdCalls(fleet, methods);
      await wiringOf(fleet).poison(leg, toxic);
      for (const client of ["node", "go"] as const) {
        fleet.call(client, { method: "Unary", bytes: largeBytes });
        fleet.call(client, { method: "ServerStream", replyBytes: largeBytes / 4 });
      }
      await sleep(lastsMs);
    },
  };
}

function wiringOf({ wiring }: Scene["fleet"]): ToxicWiring {
  if (wiring instanceof ToxicWiring) return wiring;
  throw new Error("Cannot poison: the scenario must have toxic wires");
}
