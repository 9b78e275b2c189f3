// SPDX-License-Identifier: Apache-2.0

/** What is watched, and how. */
export interface WatchSettledOptions {
  /** Milliseconds between looks. */
  readonly intervalMs: number;
  /** What a look would have found when it was last used. */
  readonly settled: string;
  /** Looks; it must not reject. */
  readonly look: () => Promise<string>;
  /** Looks find something else. */
  readonly onChange: () => void;
}

/**
 * Watches by looking, which works where notifications do not: network file systems, and links that are turned to a new
 * folder. A change counts when two looks in a row have found the same, since what belongs together is rarely written at
 * once. Returns what ends the watch; a watch does not keep the process alive.
 */
export function watchSettled(options: WatchSettledOptions): () => void {
  const { intervalMs, onChange } = options;
  let { settled } = options;
  let before = settled;
  let ended = false;
  const look = async (): Promise<void> => {
    const now = await options.look();
    if (ended) return;
    if (now === before && now !== settled) {
      settled = now;
      onChange();
    }
    before = now;
    timer = setTimeout(look, intervalMs).unref();
  };
  let timer = setTimeout(look, intervalMs).unref();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
