// SPDX-License-Identifier: Apache-2.0
import type { WaitingEntry } from "./waiting-room.js";

/** An entry with a name. */
export interface NamedEntry extends WaitingEntry {
  readonly name: string;
}

/** One that waits nowhere yet. */
export function entryOf(name: string, deadlineMs = Number.POSITIVE_INFINITY): NamedEntry {
  return { name, deadlineMs, waitingBytes: 0, waitingIndex: -1, yieldIndex: -1, waitingOrder: 0, waitingIn: undefined };
}
