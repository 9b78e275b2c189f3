// SPDX-License-Identifier: Apache-2.0
import type { RawClient, RawClientOptions } from "./raw/raw-client.ts";
import type { RawConnection, RawConnectionOptions } from "./raw/raw-connection.ts";
import type { InstanceCounts, TargetAddress } from "./targets/target.ts";

/** quick: what CI runs; full: the sizes of the attack's own description. */
export type Form = "quick" | "full";

/** What is attacked. */
export type TargetName = "router" | "node-http2" | "haproxy" | "envoy";

/** How the target is started for one attack; all of it plain JSON. Default: the target's own defaults, plain text. */
export interface TargetSettings {
  /** The target speaks TLS. */
  readonly tls?: boolean;
  /** The router's option `connections`: for other times than the defaults, never to make an attack fail. Other targets may ignore it. */
  readonly connections?: Readonly<Record<string, unknown>>;
  /** The option `limits` of the router's listener. Other targets may ignore it. */
  readonly listener?: Readonly<Record<string, unknown>>;
}

/**
 * One attack. It is told apart from the others by its file, `attacks/aNN-name.ts`, which exports it as `attack`. `run` and
 * `counter` are called in the attacker's process, which shares nothing with the target, the instance or the victim.
 */
export interface Attack<Size = unknown> {
  /** "A1" … "A29". */
  readonly id: string;
  /** As in the table: "Rapid Reset". */
  readonly name: string;
  readonly cves: readonly string[];
  /** How much of it: as much as shows the reaction within seconds, and as much as the attack's description says. */
  readonly sizes: Readonly<Record<Form, Size>>;
  /** How the target is started. Default: `{}` in both forms, which shares one process with other such attacks. */
  readonly settings?: Readonly<Record<Form, TargetSettings>>;
  /** Limits of the router (`connections.limits`) that `run` must hit, as the router itself counts. Default none. */
  readonly limits?: readonly string[];
  /** False: once is enough (an attack that lasts). Default true: again and again while the victim is measured. */
  readonly repeats?: boolean;
  /** Targets that cannot be attacked in this way, and why. */
  readonly unfit?: Partial<Record<TargetName, string>>;
  /** Attacks; what must hold goes through `context.check`. Returns the reaction for the table, such as "GOAWAY(11) after 1,001 resets". */
  run(context: AttackContext, size: Size): Promise<string>;
  /** Legitimate traffic of the same shape, which must not be cut; checks as `run`. Returns what it was, for the table. */
  counter?(context: AttackContext, size: Size): Promise<string>;
}

/** What an attack works with. */
export interface AttackContext {
  readonly form: Form;
  readonly target: TargetName;
  /** Where it listens, for attacks with programs of their own. */
  readonly address: TargetAddress;
  /** Opens a connection of the attacker; it is closed when `run` is over. Rejects when the target refuses it. */
  open(options?: RawConnectionOptions): Promise<RawConnection>;
  /** Opens `count` connections, at most 100 at a time under way. */
  openMany(count: number, options?: RawConnectionOptions): Promise<RawConnection[]>;
  /** Opens a connection that behaves; closed when `run` or `counter` is over. */
  client(options?: RawClientOptions): Promise<RawClient>;
  /** Something that must hold of the router; of other targets it is reported. `seen` says what was instead. */
  check(what: string, holds: boolean, seen?: string | number): void;
  /** What the instance behind the target has seen since the attack began. */
  instance(): Promise<InstanceCounts>;
  /** Resident memory of the target's process now, in bytes. */
  residentBytes(): number;
  /**
   * How much more than before the attack the target holds now, in bytes: what is in use after a collection where it tells,
   * else resident memory. The victim pauses meanwhile.
   */
  grownBytes(): Promise<number>;
  /** Begins to watch the target's memory; the result tells how far it has risen at its peak, in bytes. */
  watchPeak(): () => number;
  /** Processor time that the target's process has used so far, in milliseconds; the victim's calls are in it. */
  cpuMs(): number;
  /** How often each limit has acted since the target was started; empty when the target does not tell. */
  limitHits(): Promise<Readonly<Record<string, number>>>;
  sleep(ms: number): Promise<void>;
  /** Waits until `condition` holds; false if it does not within `withinMs`. */
  until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean>;
}

/** Types an attack by its sizes. */
export function defineAttack<Size>(attack: Attack<Size>): Attack<Size> {
  return attack;
}

/** A check and what became of it. */
export interface Check {
  readonly what: string;
  readonly holds: boolean;
  readonly seen?: string | number;
}

/** What one `run` or `counter` came to. */
export interface Outcome {
  /** The text for the table. */
  readonly reaction: string;
  readonly checks: readonly Check[];
  readonly durationMs: number;
  /** How often it ran. */
  readonly runs: number;
}
