// SPDX-License-Identifier: Apache-2.0
import { setTimeout } from "node:timers/promises";
import { runProcess } from "../../harness/processes.ts";
import { findTool, requireTool } from "../../harness/tools.ts";

/** What a process does by itself is counted for so long. */
const idleMs = 3_000;

/** Why instructions cannot be counted so here; undefined if they can. */
export function missingCallgrind(): string | undefined {
  const there = ["valgrind", "callgrind_control"].every((name) => findTool(name) !== undefined);
  return there ? undefined : "valgrind is not installed";
}

/**
 * What to put in front of a program whose instructions are to be counted; it runs ten times slower before the first count
 * and fifty times from then on.
 *
 * @param folder where valgrind may write its own report.
 */
export function underCallgrind(folder: string): string[] {
  return [
    requireTool("valgrind"),
    "--tool=callgrind",
    "--instr-atstart=no",
    // Code that V8 writes anew where other code was.
    "--smc-check=all-non-file",
    `--callgrind-out-file=${folder}/callgrind.%p`,
  ];
}

/**
 * Counts the instructions, outside the kernel, that a program under callgrind needs for `work`, so many times, without those
 * that it needs while nothing is asked of it. How busy the machine is changes nothing.
 */
export async function countByCallgrind(pid: number, work: () => Promise<unknown>, times: number): Promise<number[]> {
  await control(pid, "-i", "on");
  await work(); // with counting, all code is translated anew
  const windows: { readonly counted: number; readonly tookMs: number }[] = [];
  const window = async (during: () => Promise<unknown>) => {
    const before = await countedSoFar(pid);
    const begunMs = performance.now();
    await during();
    const tookMs = performance.now() - begunMs;
    return { counted: (await countedSoFar(pid)) - before, tookMs };
  };
  for (let time = 0; time < times; time++) windows.push(await window(work));
  const idle = await window(() => setTimeout(idleMs));
  return windows.map(({ counted, tookMs }) => counted - (idle.counted / idle.tookMs) * tookMs);
}

async function countedSoFar(pid: number): Promise<number> {
  const text = await control(pid, "-e");
  const count = readTotal(text);
  if (count === undefined) throw new Error(`Cannot count instructions: callgrind must print them, received ${text}`);
  return count;
}

/** The instructions in what `callgrind_control -e` prints; undefined where it has none. */
export function readTotal(text: string): number | undefined {
  const counts = Array.from(text.matchAll(/^ *Th +\d+ +([\d,]+)/gm), ([, count = ""]) =>
    Number(count.replaceAll(",", "")),
  );
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

async function control(pid: number, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(requireTool("callgrind_control"), [...args, `${pid}`]);
  if (code !== 0 || /^Error:/m.test(stdout + stderr)) {
    throw new Error(
      `Cannot count instructions: callgrind_control must reach process ${pid}, received ${stdout}${stderr}`,
    );
  }
  return stdout;
}
