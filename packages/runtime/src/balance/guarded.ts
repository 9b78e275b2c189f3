// SPDX-License-Identifier: Apache-2.0
import type { AttemptOutcome, BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";

/**
 * A balancer that the router's program brings, kept from breaking the router: what it throws goes to `onError`, and its
 * answer is then that nobody can take the call.
 */
export function createGuarded(child: Balancer, onError: (error: unknown) => void): Balancer {
  return new Guarded(child, onError);
}

class Guarded implements Balancer {
  readonly name: string;
  readonly isLost?: (candidates: Candidates, call: BalancedCall) => boolean;
  readonly onEnd?: (candidate: Candidate, outcome: AttemptOutcome) => void;
  readonly readsLoad?: boolean;
  readonly #child: Balancer;
  readonly #onError: (error: unknown) => void;

  constructor(child: Balancer, onError: (error: unknown) => void) {
    this.name = child.name;
    this.#child = child;
    this.#onError = onError;
    if (child.readsLoad !== undefined) this.readsLoad = child.readsLoad;
    // Absent where the child has none: what nobody wants to know is not measured.
    if (child.isLost !== undefined)
      this.isLost = (candidates, call) => this.#try(() => child.isLost?.(candidates, call)) === true;
    if (child.onEnd !== undefined) {
      this.onEnd = (candidate, outcome) => {
        this.#try(() => child.onEnd?.(candidate, outcome));
      };
    }
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    try {
      return this.#child.pick(candidates, call, random);
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  #try<Result>(run: () => Result): Result | undefined {
    try {
      return run();
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }
}
