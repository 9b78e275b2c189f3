// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import type { Running } from "../../harness/processes.ts";
import { startNode } from "../../harness/stack.ts";
import type { Form, Outcome, TargetName } from "../attack.ts";
import type { TargetAddress, TargetMemory } from "../targets/target.ts";
import type { Scene } from "./run-attack.ts";

const program = fileURLToPath(new URL("../processes/attacker-process.ts", import.meta.url));

/** What an attacker is told to do. */
export interface AttackerOrder {
  readonly id: string;
  readonly part: "run" | "counter";
  readonly form: Form;
  readonly target: TargetName;
  readonly address: TargetAddress;
  /** The target's process. */
  readonly pid: number;
  /** The target's memory before the attack. */
  readonly before: TargetMemory;
  /** Runs again and again until so many milliseconds have gone by; once with 0. */
  readonly lastsMs: number;
}

/** A process that attacks; gone, so are its connections. */
export interface Attacker {
  /** Uses the processor for so long and sends nothing. */
  spin(ms: number): Promise<void>;
  attack(order: AttackerOrder): Promise<Outcome>;
  stop(): Promise<void>;
}

/** Starts an attacker, which is told what goes on behind the target. */
export async function startAttacker({ target, pause, pinning }: Scene): Promise<Attacker> {
  const answers = {
    instance: () => target.instance(),
    memory: () => pause(() => target.memory()),
    limitHits: () => target.limitHits(),
  };
  const running: Running = await startNode(program, { prefix: pinning.attacker, args: [], ready: /^ready/, answers });
  return {
    spin: (ms) => running.link.ask("spin", ms),
    attack: (order) => running.link.ask<Outcome>("run", order),
    stop: running.stop,
  };
}
