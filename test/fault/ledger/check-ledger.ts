// SPDX-License-Identifier: Apache-2.0
import { checkCapacity } from "./check-capacity.ts";
import { checkExecutions } from "./check-executions.ts";
import { checkStatus } from "./check-status.ts";
import { type CallFile, collectCalls } from "./collect-calls.ts";
import type { ClientRecord, InstanceRecord } from "./records.ts";

/**
 * How calls may fail in a scenario, beside those that their client cancels or that run into their own deadline.
 * `lost`: UNAVAILABLE, by the router or an instance at the end of its grace, of an instance that was disturbed. `cut`: UNAVAILABLE by the client's
 * own library, whose connection broke. `refused`: UNAVAILABLE by anyone, and it never ran.
 */
export type Allowance = "lost" | "cut" | "refused";

/** The ledger of one process of an instance. */
export interface InstanceLedger {
  /** Names the process: `a`, and `a.2` that came after it. */
  readonly process: string;
  readonly records: readonly InstanceRecord[];
  /** When a fault began that can make the router give it up; undefined: never. */
  readonly disturbedMs: number | undefined;
  /** Calls that it said it takes at once. */
  readonly capacity?: number | undefined;
  /** It was there to the end, so what it began must have ended. */
  readonly survived: boolean;
}

/** Both sides of the story. */
export interface Evidence {
  readonly clients: readonly {
    readonly name: string;
    readonly records: readonly ClientRecord[];
    readonly survived: boolean;
  }[];
  readonly instances: readonly InstanceLedger[];
  readonly allows: readonly Allowance[];
  /** How long a fault may have held bytes back, in milliseconds: only time left travels, so a deadline is later by as much. */
  readonly delayMs: number;
  /** How long a client may have stood still, in milliseconds: it keeps no deadline meanwhile. Default 0. */
  readonly clientDelayMs?: number | undefined;
  /** Calls that had to succeed, whatever `allows` says. */
  readonly mustSucceed: readonly string[];
}

/** What the checker found. */
export interface Findings {
  /** A sentence for each thing that is not as it must be. */
  readonly faults: readonly string[];
  readonly calls: number;
  /** Calls by how they ended: `OK`, a code, or a code and a reason. */
  readonly endings: Readonly<Record<string, number>>;
  /** Calls that neither succeeded nor were given up by their client or at their deadline. */
  readonly failed: number;
  /** Executions, and those of them that were a second one. */
  readonly executions: number;
  readonly repeated: number;
}

/** Joins the ledgers of clients and instances by call and holds each call against what docs/reliability.md promises. */
export function checkLedger(evidence: Evidence): Findings {
  const { calls, faults } = collectCalls(evidence);
  faults.push(...evidence.instances.flatMap(checkCapacity));
  const mustSucceed = new Set(evidence.mustSucceed);
  const endings: Record<string, number> = {};
  for (const call of calls) {
    const found = [
      ...checkStatus(call, evidence, mustSucceed.has(call.id)),
      ...checkExecutions(call, evidence.delayMs),
    ];
    faults.push(...found.map((fault) => `${call.id} (${describe(call)}): ${fault}`));
    const ending = endingOf(call);
    endings[ending] = (endings[ending] ?? 0) + 1;
  }
  const executions = calls.reduce((sum, call) => sum + call.executions.length, 0);
  const repeated = calls.filter((call) => call.executions.length > 1).length;
  const failed = calls.filter(({ ends: [end] }) => end === undefined || !codesWithoutFault.has(end.code)).length;
  return { faults, calls: calls.length, endings, failed, executions, repeated };
}

const codeNames: Readonly<Record<number, string>> = {
  0: "OK",
  1: "CANCELLED",
  4: "DEADLINE_EXCEEDED",
  14: "UNAVAILABLE",
};

const codesWithoutFault: ReadonlySet<number> = new Set([0, 1, 4]);

function endingOf({ ends, survived }: CallFile): string {
  const [end] = ends;
  if (end === undefined) return survived ? "no end" : "client killed";
  const code = codeNames[end.code] ?? `code ${end.code}`;
  return end.reason === "" ? code : `${end.reason}${end.execution === "" ? "" : `/${end.execution}`}`;
}

function describe({ ends, executions }: CallFile): string {
  const end = ends.map(({ code, reason, execution, message }) =>
    [code, reason, execution, message].filter((part) => part !== "").join(" "),
  );
  const ran = executions.map(({ process, end: how }) => `${process} ${how?.how ?? "no end"}`);
  return `${end.join(" and ") || "no end"}; ran: ${ran.join(", ") || "nowhere"}`;
}
