// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { runProcess } from "../../harness/processes.ts";
import { findTool } from "../../harness/tools.ts";

const event = "instructions:u";
/** Until perf has attached itself. */
const attachMs = 300;

/** Why instructions cannot be counted here; undefined if they can. */
export async function missingInstructions(): Promise<string | undefined> {
  const perf = findTool("perf");
  if (perf === undefined) return "perf is not installed";
  const { code, stderr } = await runProcess(perf, ["stat", "-x", ",", "-e", event, "--", "true"]);
  return code === 0 && readCount(stderr) !== undefined ? undefined : "this machine has no counters for it";
}

/** Counts the instructions, outside the kernel, that a process needs for `work`. @throws Error if there is no count. */
export async function countInstructions(pid: number, work: () => Promise<unknown>): Promise<number> {
  const perf = spawn(findTool("perf") ?? "perf", ["stat", "-x", ",", "-e", event, "-p", `${pid}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  perf.stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const ended = once(perf, "close");
  await setTimeout(attachMs);
  try {
    await work();
  } finally {
    perf.kill("SIGINT"); // then it prints its counts
    await ended;
  }
  const count = readCount(text);
  if (count === undefined) throw new Error(`Cannot count instructions: perf must print them, received ${text}`);
  return count;
}

/** The count in what `perf stat -x ,` prints; undefined where it says that there is none. */
export function readCount(text: string): number | undefined {
  const count = /^(\d+),[^,]*,instructions/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}
