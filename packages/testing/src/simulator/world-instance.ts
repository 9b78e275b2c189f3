// SPDX-License-Identifier: Apache-2.0
import type { Proof } from "./proof.js";
import type { InstancePlan } from "./scenario.js";
import type { SimLink } from "./sim-link.js";
import type { UserCodeHost } from "./user-code.js";

/** Which process of which instance this is. */
export interface InstanceIdentity {
  readonly id: string;
  /** Rises with every process, for its name. */
  readonly start: number;
  /** What orders the processes with one id: rises as well, unless clocks are skewed. */
  readonly incarnation: number;
  readonly proof: Proof;
  readonly plan: InstancePlan;
}

/** A process that serves calls, however it is made. */
export interface WorldInstance extends UserCodeHost {
  readonly id: string;
  /** Of another principal than the one whose id it uses. */
  readonly isImpostor: boolean;
  readonly isAlive: boolean;
  /** Drains, or has left. */
  readonly isLeaving: boolean;
  /** Links that are not over. */
  readonly links: readonly SimLink[];
  setCapacity(calls: number): void;
  /** It changes what it says by `restate`. */
  readonly restates: boolean;
  /** Says something anew that calls hang on: health, labels, weight. */
  restate(isServing: boolean): void;
  /** SIGTERM. */
  drain(timeoutMs: number): void;
  /** Leaves, as it has nothing left to do. */
  leave(): void;
  /** SIGKILL: the kernel closes its connections. `isSilent`: its machine is gone, and nobody is told. */
  kill(isSilent: boolean): void;
}
