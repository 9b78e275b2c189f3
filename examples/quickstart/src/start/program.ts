// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program of this example in a process of its own. */
export interface Program {
  readonly pid: number;
  /** The line that told it was ready. */
  readonly ready: string;
  /** Resolves with the signal or exit code, in words, when the process is gone. */
  readonly gone: Promise<string>;
  /** Asks it to end; after two seconds it is killed. Resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** Beside this file's folder: `router` or `instance`. */
  readonly name: "router" | "instance";
  readonly env: Readonly<Record<string, string>>;
  /** The first line of output that means that it is ready. */
  readonly ready: RegExp;
  /** Hears what it writes to standard error. */
  readonly onError: (line: string) => void;
}

const STOP_MS = 2_000;
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts it and waits until it is ready. @throws Error with the last line of its error output if it ends before. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const follow = new URL("follow.js", import.meta.url).href;
  const file = fileURLToPath(new URL(`../${options.name}.js`, import.meta.url));
  const child = spawn(process.execPath, ["--import", follow, file], {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  let lastWords = "it ended";
  createInterface({ input: child.stderr }).on("line", (line) => {
    const error = /^\w*Error: (.*)$/.exec(line); // as Node prints what nobody caught
    if (error?.[1] !== undefined) lastWords = error[1];
    options.onError(line);
  });
  const gone = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(signal ?? `exit code ${code}`);
    });
  });
  const ready = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (options.ready.test(line)) resolve(line);
    });
    void gone.then(() => reject(new Error(lastWords)));
  });
  return { pid: child.pid ?? 0, ready, gone, stop: () => stop(child, gone) };
}

async function stop(child: ChildProcess, gone: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await gone;
  clearTimeout(timer);
}
