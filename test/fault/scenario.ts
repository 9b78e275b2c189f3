// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from "@grpc-router/testing";
import type { Allowance } from "./ledger/check-ledger.ts";
import type { Fleet, FleetOptions } from "./rig/fleet.ts";
import type { LoadOptions } from "./rig/load.ts";

/** What a scenario needs beside Node. */
export type Need = "toxiproxy" | "namespaces";

/** What a scenario is run with. */
export interface Scene {
  readonly fleet: Fleet;
  readonly random: SeededRandom;
  readonly seed: number;
  /** Something that must hold; `seen` says what was instead. */
  check(what: string, holds: boolean, seen?: string | number): void;
  /** A figure for the line of this run, such as "found after 8,120 ms". */
  note(figure: string): void;
  /** These calls must end OK, whatever the scenario allows others. */
  mustSucceed(calls: readonly string[]): void;
}

/** One row of the table. */
export interface Scenario {
  /** In lower case, words joined by hyphens. */
  readonly name: string;
  /** What happens, for the table of docs/reliability.md. */
  readonly what: string;
  /** Part of the quick tier. Default false. */
  readonly isQuick?: boolean;
  readonly needs?: readonly Need[];
  /** How calls may fail, beside those that are cancelled or meet a short deadline. */
  readonly allows: readonly Allowance[];
  /** How long the fault may hold bytes back, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** How long a client may stand still, in milliseconds. Default 0. */
  readonly clientDelayMs?: number;
  /** The fault must make a call fail or run again, else it struck nothing. Default false. */
  readonly leavesMark?: boolean;
  /** Default: three instances without a stated capacity, no wires. */
  readonly fleet?: (seed: number) => Omit<FleetOptions, "folder">;
  /** Calls that come all the time; undefined: none. */
  readonly load?: LoadOptions;
  /** Brings the fault about and heals what does not heal by itself; calls that still run then must end. */
  run(scene: Scene): Promise<void>;
}
