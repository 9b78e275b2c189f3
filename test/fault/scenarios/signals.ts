// SPDX-License-Identifier: Apache-2.0
// Signals to the router and to an instance, in every phase of a call.
import { setTimeout as sleep } from "node:timers/promises";
import type { Allowance } from "../ledger/check-ledger.ts";
import type { Fleet, InstanceProcess } from "../rig/fleet.ts";
import type { Scenario, Scene } from "../scenario.ts";
import { type Phase, type Prepared, phases, type Struck } from "./phases.ts";

type Signal = "SIGKILL" | "SIGTERM" | "SIGSTOP";

const verbs: Readonly<Record<Signal, string>> = { SIGKILL: "kill", SIGTERM: "drain", SIGSTOP: "freeze" };
const words: Readonly<Record<Signal, string>> = {
  SIGKILL: "kill -9",
  SIGTERM: "SIGTERM",
  SIGSTOP: "SIGSTOP, 2 s later SIGCONT,",
};
/** How long a process is stopped, in milliseconds: less than makes anybody give it up. */
const frozenMs = 2_000;

/** A drain loses nothing that was begun before it, and a short stop nothing at all. */
const allowances: Readonly<Record<Struck, Readonly<Record<Signal, readonly Allowance[]>>>> = {
  instance: { SIGKILL: ["lost"], SIGTERM: [], SIGSTOP: [] },
  router: { SIGKILL: ["cut"], SIGTERM: [], SIGSTOP: [] },
};

const quick = new Set([
  "kill-instance-running",
  "kill-instance-sent",
  "drain-instance-replying",
  "kill-router-running",
  "drain-router-half-sent",
  "freeze-router-replying",
]);

/** One scenario for each process, signal and phase. */
export const signalScenarios: readonly Scenario[] = (["instance", "router"] as const).flatMap((struck) =>
  (["SIGKILL", "SIGTERM", "SIGSTOP"] as const).flatMap((signal) =>
    phases.map((phase) => scenarioOf(struck, signal, phase)),
  ),
);

function scenarioOf(struck: Struck, signal: Signal, phase: Phase): Scenario {
  const name = `${verbs[signal]}-${struck}-${phase.name}`;
  const capacity = phase.capacity;
  return {
    name,
    what: `${words[signal]} to ${struck === "router" ? "the router" : "an instance"} while ${phase.words}`,
    isQuick: quick.has(name),
    allows: allowances[struck][signal],
    delayMs: signal === "SIGSTOP" ? frozenMs : 0,
    leavesMark: signal === "SIGKILL",
    ...(capacity === undefined ? {} : { fleet: () => ({ capacity }) }),
    async run(scene) {
      const { fleet, random } = scene;
      const ids = [...fleet.instances.keys()].sort();
      const victim = fleet.instance(ids[random.integer(ids.length)] ?? "");
      const prepared = await phase.prepare(scene, struck, victim);
      const isWithVictim = fleet.journal.entries.some(
        (entry) => entry.event === "begin" && entry.by === victim.name && prepared.calls.includes(entry.call),
      );
      scene.check(
        "the victim runs calls of this phase",
        isWithVictim || phase.name === "queued" || phase.name === "sent",
      );
      if (struck === "instance") await strikeInstance(scene, victim, signal, phase, prepared);
      else await strikeRouter(fleet, signal, phase, prepared);
    },
  };
}

async function strikeInstance(
  { fleet, seed }: Scene,
  victim: InstanceProcess,
  signal: Signal,
  phase: Phase,
  prepared: Prepared,
): Promise<void> {
  if (signal === "SIGKILL") fleet.disturb([victim]);
  if (phase.name === "ending") {
    // Another process's signal would come too late: the instance sends it to itself, at its last word or a turn later.
    const signalled = fleet.journal.until(
      "its own signal",
      ({ event, by }) => event === "signalled" && by === victim.name,
    );
    if (signal === "SIGSTOP") victim.isStopped = true;
    victim.tell({ do: "signal-at-end", signal, late: seed % 2 === 0 });
    prepared.goOn();
    await signalled;
  } else {
    fleet.signal(victim, signal);
  }
  if (signal === "SIGSTOP") {
    await sleep(frozenMs);
    fleet.signal(victim, "SIGCONT");
  }
  if (signal === "SIGTERM" && victim.isStopped) fleet.signal(victim, "SIGCONT");
  if (signal === "SIGKILL") await victim.running.exited;
  prepared.goOn();
  if (signal === "SIGTERM") await victim.running.exited;
  if (signal !== "SIGSTOP") await fleet.startInstance(victim.id);
}

async function strikeRouter(fleet: Fleet, signal: Signal, phase: Phase, prepared: Prepared): Promise<void> {
  const { router } = fleet;
  if (signal === "SIGKILL") fleet.disturb();
  if (phase.name === "ending") {
    const ended = fleet.journal.next("the end of a run", (entry) => entry.event === "end" && "run" in entry);
    prepared.goOn();
    await ended;
  }
  router.kill(signal);
  if (signal === "SIGSTOP") {
    await sleep(frozenMs);
    router.kill("SIGCONT");
  }
  if (signal === "SIGKILL") await router.exited;
  prepared.goOn();
  if (signal === "SIGTERM") await router.exited;
  if (signal !== "SIGSTOP") await fleet.startRouter();
}
