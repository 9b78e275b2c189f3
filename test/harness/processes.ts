// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A program that a test or bench started; it is ended by `stop`, by its id. */
export interface Running {
  readonly pid: number;
  /** Everything it wrote to standard output and error so far, newest last. */
  readonly output: readonly string[];
  /** Sends SIGTERM, after two seconds SIGKILL; resolves when the process is gone. */
  stop(): Promise<void>;
  /** The exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The program is ready when a line matches; default: at once. */
  readonly ready?: RegExp;
  /** How long to wait for `ready`, in milliseconds. Default 20,000. */
  readonly readyWithinMs?: number;
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
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const output: string[] = [];
  const exited = once(child, "close").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const failed = once(child, "error").then(([error]) => {
    throw new Error(`Cannot start ${command}: ${(error as Error).message}`);
  });
  const line = await Promise.race([failed, readyLine(child, output, options, exited)]);
  const pid = child.pid ?? 0;
  return { pid, output, exited, line, stop: () => stopProcess(child, exited) };
}

function readyLine(
  child: ChildProcess,
  output: string[],
  options: StartOptions,
  exited: Promise<number | null>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${child.spawnargs.join(" ")} ${why}:\n${output.join("\n")}`));
    const timer = setTimeout(() => fail("was not ready in time"), options.readyWithinMs ?? 20_000);
    const onLine = (line: string) => {
      output.push(line);
      if (output.length > 2_000) output.shift();
      if (options.ready?.test(line)) {
        clearTimeout(timer);
        resolve(line);
      }
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", onLine);
    }
    if (options.ready === undefined) {
      clearTimeout(timer);
      child.once("spawn", () => resolve(""));
    }
    exited.then((code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
  });
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
