// SPDX-License-Identifier: Apache-2.0
import { type Running, type StartOptions, startProcess } from "../../harness/processes.ts";
import type { Entry, Journal } from "./journal.ts";

/** A program that follows commands and says events, a JSON object a line each way. */
export interface ToldProcess<Command> {
  readonly name: string;
  readonly running: Running;
  /** Its ledger's file. */
  readonly ledger: string;
  tell(command: Command): void;
}

export interface TellOptions extends Pick<StartOptions, "args"> {
  readonly name: string;
  readonly ledger: string;
  readonly journal: Journal;
  /** The event that it is ready with. */
  readonly ready: string;
}

/** Starts a program and waits for its `ready` event. */
export async function startTold<Command>(command: string, options: TellOptions): Promise<ToldProcess<Command>> {
  const { name, ledger, journal, ready, args } = options;
  const running = await startProcess(command, {
    args: args ?? [],
    input: true,
    ready: new RegExp(`^\\{"event":"${ready}"`),
    onLine: (line) => {
      if (line.startsWith("{")) journal.add({ by: name, ...JSON.parse(line) } as Entry); // its writer is `say`
    },
  });
  return { name, running, ledger, tell: (order) => running.write(JSON.stringify(order)) };
}
