// SPDX-License-Identifier: Apache-2.0
// The cells of the tables in docs/channel.md section 4 that can be seen from the wire and from user code.

const routerCells = {
  queued: ["start", "deadline", "caller gone"],
  // Our bridge sends no reply before its mark, so "reply" is never met in "sent".
  sent: ["request", "mark", "end", "not_run", "cancel abort", "cancel deadline", "drain below", "lost", "credit"],
  accepted: ["request", "reply", "end", "not_run", "cancel abort", "cancel deadline", "lost", "credit"],
  cancelling: ["mark", "reply", "end", "not_run", "drain below", "lost", "credit"],
} as const;

const bridgeCells = {
  received: ["begin", "payload", "half close", "cancel abort", "cancel deadline", "end", "not_run", "lost"],
  begun: [
    "payload",
    "half close",
    "cancel abort",
    "cancel deadline",
    "own deadline",
    "settle",
    "end",
    "lost",
    "credit",
  ],
  aborting: ["payload", "half close", "cancel abort", "cancel deadline", "settle", "end", "lost", "credit"],
  ended: ["payload", "half close", "cancel abort", "cancel deadline", "lost", "credit"],
} as const;

/** Every cell, as `side state/event`. */
export const coverageCells: readonly string[] = [
  ...Object.entries(routerCells).flatMap(([state, events]) => events.map((event) => `router ${state}/${event}`)),
  ...Object.entries(bridgeCells).flatMap(([state, events]) => events.map((event) => `bridge ${state}/${event}`)),
];

const known: ReadonlySet<string> = new Set(coverageCells);

/** Counts how often each pair of state and event was met. */
export class Coverage {
  readonly counts = new Map<string, number>();

  see(side: "router" | "bridge", state: string, event: string): void {
    const cell = `${side} ${state}/${event}`;
    this.counts.set(cell, (this.counts.get(cell) ?? 0) + 1);
  }

  /** Adds what another run has seen. */
  add(counts: Iterable<readonly [string, number]>): void {
    for (const [cell, count] of counts) this.counts.set(cell, (this.counts.get(cell) ?? 0) + count);
  }

  /** Cells of the tables that were met. */
  get seen(): string[] {
    return coverageCells.filter((cell) => this.counts.has(cell));
  }

  get missing(): string[] {
    return coverageCells.filter((cell) => !this.counts.has(cell));
  }

  /** Pairs that no table has. */
  get unexpected(): string[] {
    return [...this.counts.keys()].filter((cell) => !known.has(cell));
  }
}
