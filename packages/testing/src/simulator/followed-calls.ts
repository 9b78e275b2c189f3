// SPDX-License-Identifier: Apache-2.0
import { statusName } from "@grpc-router/protocol";
import type {
  AttemptFollower,
  CallFollower,
  CallWatcher,
  FollowedAttempt,
  FollowedEnd,
  MetricFamily,
  WatchedCall,
} from "@grpc-router/runtime";
import { total } from "./check-counts.js";
import type { World } from "./world.js";

/** Follows every call of a router: each is told once of its end, each attempt of its own, and nothing comes behind a call's end. */
export class FollowedCalls implements CallWatcher {
  readonly #world: World;
  readonly #router: string;
  #calls = 0;
  #attempts = 0;
  /** Attempts by what the ends of calls say. */
  #toldAttempts = 0;
  /** Ends by the name of their status. */
  readonly #ends = new Map<string, number>();
  readonly #open = new Set<FollowedCall>();
  readonly #openAttempts = new Set<FollowedTry>();

  constructor(world: World, router: string) {
    this.#world = world;
    this.#router = router;
  }

  watch({ path }: WatchedCall): CallFollower {
    this.#calls++;
    const call = new FollowedCall(this, path);
    this.#open.add(call);
    return call;
  }

  begin(path: string, { instance }: FollowedAttempt): AttemptFollower {
    this.#attempts++;
    const attempt = new FollowedTry(this, `${path} at ${instance}`);
    this.#openAttempts.add(attempt);
    return attempt;
  }

  endAttempt(attempt: FollowedTry): void {
    if (!this.#openAttempts.delete(attempt)) this.violate(`an attempt of ${attempt.name} has two ends`);
  }

  end(call: FollowedCall, { attempts, code }: FollowedEnd): void {
    const status = statusName(code);
    this.#ends.set(status, (this.#ends.get(status) ?? 0) + 1);
    if (!this.#open.delete(call)) this.violate(`a call of ${call.path} has two ends`);
    this.#toldAttempts += attempts;
  }

  violate(what: string): void {
    this.#world.violate("idle", `${this.#router}: ${what} for who follows it`);
  }

  /** No call is left at the router. */
  checkIdle(families: readonly MetricFamily[]): void {
    for (const { path } of this.#open) this.violate(`a call of ${path} is over and has no end`);
    for (const { name } of this.#openAttempts) this.violate(`an attempt of ${name} is over and has no end`);
    const started = [total(families, "grpc.server.call.started"), total(families, "grpc.client.attempt.started")];
    const heard = [this.#calls, this.#toldAttempts];
    if (`${heard}` !== `${started}`)
      this.violate(`${started} calls and attempts were counted, and there were ${heard}`);
    for (const [status, count] of this.#ends) {
      const counted = total(families, "grpc.server.call.duration", status);
      if (counted !== count) this.violate(`${counted} calls were counted as ${status}, and there were ${count}`);
    }
    if (this.#attempts < this.#toldAttempts)
      this.violate(`of ${this.#toldAttempts} attempts ${this.#attempts} were shown`);
  }
}

class FollowedCall implements CallFollower {
  readonly path: string;
  readonly #calls: FollowedCalls;
  #isOver = false;

  constructor(calls: FollowedCalls, path: string) {
    this.path = path;
    this.#calls = calls;
  }

  queued(): void {
    if (this.#isOver) this.#calls.violate(`a call of ${this.path} waits behind its end`);
  }

  attempt(attempt: FollowedAttempt): AttemptFollower {
    if (this.#isOver) this.#calls.violate(`a call of ${this.path} is sent behind its end`);
    return this.#calls.begin(this.path, attempt);
  }

  ended(end: FollowedEnd): void {
    this.#isOver = true;
    this.#calls.end(this, end);
  }
}

class FollowedTry implements AttemptFollower {
  readonly name: string;
  readonly #calls: FollowedCalls;

  constructor(calls: FollowedCalls, name: string) {
    this.name = name;
    this.#calls = calls;
  }

  ended(): void {
    this.#calls.endAttempt(this);
  }
}
