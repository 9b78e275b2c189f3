// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom, type SeededRandom } from "../seeded-random.js";
import { AttemptLedger } from "./attempt-ledger.js";
import type { CallPlan } from "./call-plan.js";
import type { Coverage } from "./coverage.js";
import { EventLoop } from "./event-loop.js";
import { InterceptionLedger } from "./interception-ledger.js";
import type { Invariant } from "./invariants.js";
import { Ledger } from "./ledger.js";
import type { Scenario } from "./scenario.js";
import { SimProcess } from "./sim-process.js";
import type { TappedChannel } from "./tapped-channel.js";

/** What all parts of a simulation share: time, chance, what user code did, what was seen, what went wrong. */
export class World {
  readonly scenario: Scenario;
  readonly loop = new EventLoop();
  readonly random: SeededRandom;
  readonly ledger: Ledger;
  readonly attempts: AttemptLedger;
  readonly interceptions: InterceptionLedger;
  readonly coverage: Coverage;
  /** Every process that ever was. */
  readonly processes: SimProcess[] = [];
  /** What must not be; the first one ends the run. */
  readonly violations: string[] = [];
  /** Lines of the trace; undefined: nobody wants one. */
  readonly lines: string[] | undefined;
  /** Bytes of replies that the client of a call has, or that its window lets be under way to it. */
  takenBytes: (call: number) => number = () => Number.POSITIVE_INFINITY;
  /** Whether a process drains, and so may drop what it is told. */
  isLeaving: (process: SimProcess) => boolean = () => false;
  /** When a call's time is over at its router, if nothing has held up its head. */
  deadlineMs: (call: number) => number = () => Number.POSITIVE_INFINITY;
  /** Whether an operator keeps calls from the instance of a channel. */
  isWithdrawn: (channel: TappedChannel) => boolean = () => false;
  /** Of everything that was delivered, in order. */
  hash = 0x811c9dc5;

  constructor(scenario: Scenario, random: SeededRandom, coverage: Coverage, isTraced: boolean) {
    this.scenario = scenario;
    this.random = random;
    this.coverage = coverage;
    this.lines = isTraced ? [] : undefined;
    this.ledger = new Ledger(this);
    this.attempts = new AttemptLedger(this);
    this.interceptions = new InterceptionLedger(this);
    this.loop.onStep = () => {
      if (this.violations.length > 0) throw new SimViolation(this.violations);
    };
  }

  /** Somebody else uses, or may have used, an instance's id. */
  get hasImpostors(): boolean {
    return this.scenario.faults.some(({ kind }) => kind === "impersonate instance");
  }

  get nowMs(): number {
    return this.loop.nowMs;
  }

  /** A process with a clock of its own. */
  process(name: string): SimProcess {
    const process = new SimProcess(this.loop, name, this.random.random() * 1e9);
    this.processes.push(process);
    return process;
  }

  /** A source of chance for one part. */
  fork(): SeededRandom {
    return createSeededRandom(this.random.integer(2 ** 32));
  }

  plan(index: number): CallPlan | undefined {
    return this.scenario.calls[index];
  }

  /** An invariant does not hold. */
  violate(invariant: Invariant, what: string): void {
    this.note("VIOLATION", `[${invariant}] ${what}`);
    this.violations.push(`at ${this.nowMs.toFixed(3)} ms: [${invariant}] ${what}`);
  }

  /** A line of the trace. Build no text for it unless `lines` is there, where it happens often. */
  note(who: string, what: string): void {
    this.lines?.push(`${this.nowMs.toFixed(3).padStart(10)} ${who.padEnd(10)} ${what}`);
  }

  /** Counts what was delivered, for the hash of the run. */
  mix(value: number): void {
    this.hash = Math.imul(this.hash ^ value, 0x01000193);
  }
}

/** An invariant does not hold. */
export class SimViolation extends Error {
  readonly violations: readonly string[];

  constructor(violations: readonly string[]) {
    super(violations[0]);
    this.violations = violations;
  }
}
