// SPDX-License-Identifier: Apache-2.0

/** Everything through which a command touches its surroundings, so that tests run commands in process. */
export interface Io {
  /** Writes to standard output, as it is. */
  out(text: string): void;
  /** Writes to standard error, as it is. */
  err(text: string): void;
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

/** The surroundings of this process. A second signal ends it at once. */
export function createProcessIo(): Io {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
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
