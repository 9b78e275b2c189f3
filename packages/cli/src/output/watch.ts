// SPDX-License-Identifier: Apache-2.0

import { Option } from "commander";
import type { Io } from "../io.js";
import { parseDurationMs } from "../parse/options.js";

/** What `--watch` says. */
export interface WatchFlags {
  /** Milliseconds between looks; true: the usual ones. */
  readonly watch?: number | true;
}

/** Milliseconds between looks unless said otherwise. */
const usualMs = 1_000;

/** Back to the corner, and nothing left below: no flicker, as clearing first would make. */
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** The option `--watch`. */
export function watchOption(): Option {
  return new Option("--watch [interval]", "look again and again, until Ctrl-C; default 1s").argParser(parseDurationMs);
}

/**
 * Writes what `take` answers: once, or with `--watch` again and again: on a terminal in place, else whenever it has changed.
 */
export async function writeRepeatedly(io: Io, { watch }: WatchFlags, take: () => Promise<string>): Promise<void> {
  if (watch === undefined) {
    io.out(await take());
    return;
  }
  const intervalMs = watch === true ? usualMs : watch;
  let before: string | undefined;
  while (!io.stop.aborted) {
    const text = await take().catch((error: unknown) => {
      if (io.stop.aborted) return undefined;
      throw error;
    });
    if (text === undefined) return;
    if (io.screen !== undefined) io.out(`${home}${text.replaceAll("\n", `${clearLine}\n`)}${clearBelow}`);
    else if (text !== before) io.out(before === undefined ? text : `\n${text}`);
    before = text;
    await pause(intervalMs, io.stop);
  }
}

/** Resolves after so many milliseconds, or when the command is to end. */
export function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener("abort", end, { once: true });
    if (stop.aborted) end();
  });
}
