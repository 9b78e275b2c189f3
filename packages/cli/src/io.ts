// SPDX-License-Identifier: Apache-2.0

import { CliError, ExitCode } from "./cli-error.js";

/** A terminal that commands may draw on. */
export interface Screen {
  /** Characters of a line, and lines, as they are now. */
  readonly columns: number;
  readonly rows: number;
  /** Colour is wanted: https://no-color.org is not asked for. */
  readonly colour: boolean;
  /** Calls `listener` when the size changes, until the returned function is called. */
  onResize(listener: () => void): () => void;
  /** Takes keys one by one, without echo, until the returned function is called. Does nothing if input is no terminal. */
  onKey(listener: (key: string) => void): () => void;
}

/** Everything through which a command touches its surroundings, so that tests run commands in process. */
export interface Io {
  /** Writes to standard output, as it is. */
  out(text: string): void;
  /** Writes to standard error, as it is. */
  err(text: string): void;
  /** Standard error is a terminal: what is written there may change in place. */
  readonly isTerminal: boolean;
  /** Standard output, if it is a terminal; undefined: a file or a pipe. */
  readonly screen: Screen | undefined;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Aborted when the user wants the command to end (Ctrl-C, SIGTERM), or reads no more of what it writes. */
  readonly stop: AbortSignal;
  /** Calls `reload` whenever the user wants files to be read again (SIGHUP); until this is called, SIGHUP ends the process. */
  onReload(reload: () => void): void;
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Why `Io.stop` is aborted: a signal of the user or the system. */
export class StopSignal extends Error {
  /** As that of a signal that somebody aborts without a reason, which libraries know. */
  override readonly name = "AbortError";
  /** Of the signal, such as 2 for SIGINT. */
  readonly number: number;

  constructor(number: number) {
    super("the command was told to end");
    this.number = number;
  }
}

/**
 * The error for a command that was told to end before it was done: 128 + the signal, as a shell would say it; 1 if it was by
 * none, as nobody reads what it writes. `text` says what it leaves.
 */
export function interrupted({ stop }: Pick<Io, "stop">, text: string): CliError {
  const reason: unknown = stop.reason;
  return new CliError(reason instanceof StopSignal ? ExitCode.signalBase + reason.number : ExitCode.failure, text);
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
      stop.abort(new StopSignal(number));
    });
  }
  process.stdout.on("error", (error) => {
    if (!("code" in error && error.code === "EPIPE")) throw error;
    stop.abort(); // `| head` has seen enough
  });
  // A log that nobody takes any more, or a disk that is full, must not end a router.
  process.stderr.on("error", () => {});
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    screen: process.stdout.isTTY === true ? createScreen() : undefined,
    input: process.stdin,
    stop: stop.signal,
    onReload: (reload) => void process.on("SIGHUP", reload),
    folder: process.cwd(),
    env: process.env,
  };
}

function createScreen(): Screen {
  const { stdin, stdout, env } = process;
  return {
    get columns() {
      return stdout.columns;
    },
    get rows() {
      return stdout.rows;
    },
    colour: (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb",
    onResize: (listener) => {
      stdout.on("resize", listener);
      return () => void stdout.off("resize", listener);
    },
    onKey: (listener) => {
      if (stdin.isTTY !== true) return () => {};
      const onData = (bytes: Buffer): void => listener(bytes.toString());
      stdin.setRawMode(true).on("data", onData);
      return () => void stdin.off("data", onData).setRawMode(false).pause();
    },
  };
}

/** Resolves when the user wants the command to end. */
export function stopped(io: Io): Promise<void> {
  return new Promise((resolve) => {
    if (io.stop.aborted) resolve();
    else io.stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
