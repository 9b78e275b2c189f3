// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Answers, createLink, type Link } from "./link.ts";

/** A program that a test or bench started; it is ended by `stop`, by its id. */
export interface Running {
  readonly pid: number;
  /** Everything it wrote to standard output and error so far, newest last. */
  readonly output: readonly string[];
  /** The first line that matches, from what is written already or what comes. @throws Error if none comes within 10 s. */
  untilLine(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, after two seconds SIGKILL; resolves when the process is gone. */
  stop(): Promise<void>;
  /** The exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
  /** Questions to the program. @throws Error when it was started without `answers`. */
  readonly link: Link;
  /** Writes a line to its standard input; lost when it was started without `input` or has ended. */
  write(line: string): void;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The program is ready when a line matches; default: at once. */
  readonly ready?: RegExp;
  /** How long to wait for `ready`, in milliseconds. Default 20,000. */
  readonly readyWithinMs?: number;
  /** What the program may ask; with it, the two have a link. Default: none. */
  readonly answers?: Answers | undefined;
  /** The program reads standard input; see `Running.write`. Default false. */
  readonly input?: boolean | undefined;
  /** Told of each line that it writes. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** Milliseconds that a line of a running program may take. */
const LINE_WITHIN_MS = 10_000;

/** A program has ended before it was ready. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
  /** What it wrote. */
  readonly output: readonly string[];

  constructor(command: string, code: number | null, output: readonly string[]) {
    super(`${command} ended with code ${code}:\n${output.join("\n")}`);
    this.output = output;
  }
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a program and waits for its ready line. @throws Error with the program's output when it does not come. */
export async function startProcess(command: string, options: StartOptions = {}): Promise<Running & { line: string }> {
  const child = spawn(command, options.args ?? [], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [
      options.input === true ? "pipe" : "ignore",
      "pipe",
      "pipe",
      ...(options.answers === undefined ? [] : (["ipc"] as const)),
    ],
  });
  running.add(child);
  child.stdin?.on("error", () => {}); // the program may have ended
  const lines = new Lines(child, options.onLine);
  const exited = once(child, "close").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const failed = once(child, "error").then(([error]) => {
    throw new Error(`Cannot start ${command}: ${(error as Error).message}`);
  });
  const line = await Promise.race([failed, readyLine(child, lines, options, exited)]);
  return {
    pid: child.pid ?? 0,
    output: lines.read,
    exited,
    line,
    link: linkTo(child, exited, lines, options.answers),
    untilLine: (pattern) => lines.until(pattern, LINE_WITHIN_MS),
    kill: (signal) => void child.kill(signal),
    write: (line) => void (child.stdin?.writable === true && child.stdin.write(`${line}\n`)),
    stop: () => stopProcess(child, exited),
  };
}

/** Whoever waits for an answer learns that the program has ended. */
function linkTo(child: ChildProcess, exited: Promise<number | null>, lines: Lines, answers: Answers | undefined): Link {
  if (answers === undefined) return { ask: () => Promise.reject(new Error("Cannot ask: the program has no link")) };
  const link = createLink(
    {
      send: (message) => void (child.connected && child.send(message as object)),
      onMessage: (listener) => void child.on("message", listener),
    },
    answers,
  );
  const ended = exited.then((code) => {
    throw new ProcessEnded(child.spawnargs.join(" "), code, lines.read.slice(-30));
  });
  ended.catch(() => {}); // only who asks is told
  return { ask: <T>(name: string, argument?: unknown) => Promise.race([link.ask<T>(name, argument), ended]) };
}

async function readyLine(
  child: ChildProcess,
  lines: Lines,
  options: StartOptions,
  exited: Promise<number | null>,
): Promise<string> {
  if (options.ready === undefined) {
    await once(child, "spawn");
    return "";
  }
  const ended = exited.then((code) => {
    throw new ProcessEnded(child.spawnargs.join(" "), code, lines.read);
  });
  return await Promise.race([lines.until(options.ready, options.readyWithinMs ?? 20_000), ended]);
}

/** What a program writes, line by line. */
class Lines {
  readonly read: string[] = [];
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(line: string) => void>();

  constructor(child: ChildProcess, onLine?: (line: string) => void) {
    this.#child = child;
    if (onLine !== undefined) this.#listeners.add(onLine);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => this.#add(line));
    }
  }

  until(pattern: RegExp, withinMs: number): Promise<string> {
    const known = this.read.find((line) => pattern.test(line));
    if (known !== undefined) return Promise.resolve(known);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const onLine = (line: string) => {
      if (pattern.test(line)) resolve(line);
    };
    this.#listeners.add(onLine);
    const timer = setTimeout(() => {
      const command = this.#child.spawnargs.join(" ");
      reject(new Error(`${command} did not write ${pattern} within ${withinMs} ms:\n${this.read.join("\n")}`));
    }, withinMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(onLine);
    });
  }

  #add(line: string): void {
    this.read.push(line);
    if (this.read.length > 2_000) this.read.shift();
    for (const listener of this.#listeners) listener(line);
  }
}

async function stopProcess(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 2_000);
  await exited;
  clearTimeout(timer);
}

/** Runs a program to its end. */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly input?: string } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: "pipe" });
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => {}); // the program may end without reading its input
  child.stdin.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  running.delete(child);
  return { code, stdout, stderr };
}
