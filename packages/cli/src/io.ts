// SPDX-License-Identifier: Apache-2.0

import { ExitCode } from "./cli-error.js";

/** Everything through which a command touches its surroundings, so that tests run commands in process. */
export interface Io {
  /** Writes to standard output, as it is. */
  out(text: string): void;
  /** Writes to standard error, as it is. */
  err(text: string): void;
  /** Standard error is a terminal: what is written there may change in place. */
  readonly isTerminal: boolean;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Aborted when the user wants the command to end (Ctrl-C, SIGTERM). */
  readonly stop: AbortSignal;
  /** Calls `reload` whenever the user wants files to be read again (SIGHUP); until this is called, SIGHUP ends the process. */
  onReload(reload: () => void): void;
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The surroundings of this process. A second signal ends it at once with 128 + the signal, as a shell would say it; by
 * ourselves, since the first process of a container is not ended by a signal that it leaves to the system.
 */
export function createProcessIo(): Io {
  const stop = new AbortController();
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(ExitCode.signalBase + number);
      stop.abort();
    });
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    input: process.stdin,
    stop: stop.signal,
    onReload: (reload) => void process.on("SIGHUP", reload),
    folder: process.cwd(),
    env: process.env,
  };
}

/** Resolves when the user wants the command to end. */
export function stopped(io: Io): Promise<void> {
  return new Promise((resolve) => {
    if (io.stop.aborted) resolve();
    else io.stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
