// SPDX-License-Identifier: Apache-2.0
import type { CallFile, ExecutionFile } from "./collect-calls.ts";
import { mayRepeat } from "./records.ts";

/** Attempts of a call that may run twice: none on a third instance after two were lost (docs/channel.md section 8). */
const mostExecutions = 2;
/** How long after its deadline an execution may begin, in milliseconds: what a busy machine takes from client to instance. */
const dispatchLateMs = 250;

/** What is wrong with how often, where and with which messages a call ran. */
export function checkExecutions(call: CallFile, delayMs: number): string[] {
  return [...checkCount(call), ...checkClaim(call), ...checkMessages(call), ...checkTimes(call, delayMs)];
}

function checkCount({ begin, executions }: CallFile): string[] {
  if (!mayRepeat(begin.method)) return executions.length > 1 ? [`it ran ${executions.length} times`] : [];
  const faults: string[] = [];
  if (executions.length > mostExecutions)
    faults.push(`it ran ${executions.length} times, at most ${mostExecutions} may be`);
  for (const [index, execution] of executions.entries()) {
    const before = executions[index - 1];
    if (before === undefined) continue;
    if (execution.begin.attempts === before.begin.attempts)
      faults.push("a further attempt does not say that it is one");
    const isGivenUp = before.disturbedMs !== undefined && before.disturbedMs <= execution.begin.t;
    if (!isGivenUp)
      faults.push(`it ran again on ${execution.process} though nothing had happened to ${before.process}`);
  }
  return faults;
}

/** Holds what the status claims against what was run. */
function checkClaim({ ends, executions, sent, got }: CallFile): string[] {
  const [end] = ends;
  if (end === undefined) return [];
  if (end.execution === "none" && executions.length > 0) return ["it ran, its status says that it did not"];
  if (!["", "none", "unknown", "started"].includes(end.execution))
    return [`its status has execution "${end.execution}"`];
  if (end.code !== 0) return [];
  const complete = executions.filter(({ end: how }) => how?.how === "returned");
  if (complete.length === 0) return ["it ended OK and no run of it was complete"];
  const matching = complete.filter(({ read, wrote }) => isSame(read, sent) && isSame(wrote, got));
  return matching.length > 0 ? [] : [`its messages are not those of its run: ${difference(complete, sent, got)}`];
}

/** Whatever the end, each side got a beginning of what the other one sent. */
function checkMessages({ executions, sent, got }: CallFile): string[] {
  const faults: string[] = [];
  for (const { process, read } of executions) {
    if (!isPrefix(read, sent)) faults.push(`${process} read other messages than were sent`);
  }
  if (got.length > 0 && !executions.some(({ wrote }) => isPrefix(got, wrote))) {
    faults.push("its client got other messages than a run wrote");
  }
  return faults;
}

function checkTimes({ begin, executions }: CallFile, delayMs: number): string[] {
  const faults: string[] = [];
  for (const { process, survived, begin: run, end } of executions) {
    if (survived && end === undefined) faults.push(`${process} still runs it`);
    if (run.method !== begin.method) faults.push(`${process} ran ${run.method}, ${begin.method} was called`);
    const lateMs = begin.deadlineMs > 0 ? run.t - begin.t - begin.deadlineMs : 0;
    if (lateMs > dispatchLateMs + delayMs) faults.push(`${process} began it ${lateMs} ms after its deadline`);
  }
  return faults;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && isPrefix(one, other);
}

function isPrefix(part: readonly string[], whole: readonly string[]): boolean {
  return part.length <= whole.length && part.every((hash, index) => hash === whole[index]);
}

function difference(complete: readonly ExecutionFile[], sent: readonly string[], got: readonly string[]): string {
  const [{ read, wrote } = { read: [], wrote: [] }] = complete;
  const counts = `${sent.length} sent, ${read.length} read, ${wrote.length} written, ${got.length} got`;
  return `${counts}${isPrefix(read, sent) ? "" : ", the request differs"}${isPrefix(got, wrote) ? "" : ", the reply differs"}`;
}
