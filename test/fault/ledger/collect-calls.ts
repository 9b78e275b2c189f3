// SPDX-License-Identifier: Apache-2.0
import type { Evidence } from "./check-ledger.ts";
import type { ClientRecord, InstanceRecord } from "./records.ts";

type Of<R, Event> = R extends { readonly event: Event } ? R : never;

/** One run of user code, as its instance wrote it down. */
export interface ExecutionFile {
  readonly process: string;
  readonly disturbedMs: number | undefined;
  readonly survived: boolean;
  readonly begin: Of<InstanceRecord, "begin">;
  /** Hashes of the messages that it read, and wrote. */
  readonly read: string[];
  readonly wrote: string[];
  end: Of<InstanceRecord, "end"> | undefined;
}

/** All that is known of one call. */
export interface CallFile {
  readonly id: string;
  readonly begin: Of<ClientRecord, "begin">;
  readonly ends: Of<ClientRecord, "end">[];
  /** Its client was there to the end. */
  readonly survived: boolean;
  /** Hashes of the messages that the client sent, and got. */
  readonly sent: string[];
  readonly got: string[];
  /** In the order of attempts: a process that stood still may begin an earlier one later. */
  readonly executions: ExecutionFile[];
}

/** Joins both sides by the calls' ids; what fits to no call is a fault. */
export function collectCalls({ clients, instances }: Pick<Evidence, "clients" | "instances">) {
  const faults: string[] = [];
  const calls = new Map<string, CallFile>();
  for (const { name, records, survived } of clients) {
    for (const record of records) {
      if (record.event === "begin" && !calls.has(record.call)) calls.set(record.call, openCall(record, survived));
      else if (record.event === "begin") faults.push(`${record.call}: client ${name} began it twice`);
      else addToCall(calls.get(record.call), record, faults);
    }
  }
  for (const { process, records, disturbedMs, survived } of instances) {
    const runs = new Map<number, ExecutionFile>();
    for (const record of records) {
      const execution = runs.get(record.run);
      if (record.event === "begin") {
        const begun = { process, disturbedMs, survived, begin: record, read: [], wrote: [], end: undefined };
        runs.set(record.run, begun);
        const call = calls.get(record.call);
        if (call === undefined) faults.push(`${record.call}: ${process} ran it, and nobody called it`);
        else call.executions.push(begun);
      } else if (execution === undefined)
        faults.push(`${record.call}: ${process} wrote "${record.event}" before its begin`);
      else if ("hash" in record) (record.event === "in" ? execution.read : execution.wrote).push(record.hash);
      else if (execution.end === undefined) execution.end = record;
      else faults.push(`${record.call}: its run ${record.run} on ${process} ended twice`);
    }
  }
  for (const { executions } of calls.values()) executions.sort(byAttempt);
  return { calls: [...calls.values()], faults };
}

function byAttempt(one: ExecutionFile, other: ExecutionFile): number {
  return one.begin.attempts - other.begin.attempts || one.begin.t - other.begin.t;
}

function openCall(begin: Of<ClientRecord, "begin">, survived: boolean): CallFile {
  return { id: begin.call, begin, ends: [], survived, sent: [], got: [], executions: [] };
}

function addToCall(
  call: CallFile | undefined,
  record: Exclude<ClientRecord, { event: "begin" }>,
  faults: string[],
): void {
  if (call === undefined) faults.push(`${record.call}: its client wrote "${record.event}" before its begin`);
  else if (record.event === "end") call.ends.push(record);
  else if (record.event === "out") call.sent.push(record.hash);
  else call.got.push(record.hash);
}
