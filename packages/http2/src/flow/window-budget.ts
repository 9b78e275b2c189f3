// SPDX-License-Identifier: Apache-2.0
import { Http2Error } from "../http2-error.js";

/**
 * Octets by which the receive windows of many connections may grow beyond their initial sizes, all together: what peers
 * with long, fat paths could make a process hold. A connection takes when it measures that more would speed it up, and
 * gives back at its end; when all is taken, windows stay as they are.
 *
 * ```ts
 * const windows = new WindowBudget(256 * 1024 * 1024); // one for the process, in ConnectionOptions.windows
 * ```
 */
export class WindowBudget {
  /** Octets to give out, all together. */
  readonly sizeBytes: number;
  /** Times that a connection wanted more than was left. */
  shortages = 0;
  #takenBytes = 0;

  /** @throws Http2Error `invalid_argument` unless `sizeBytes` is a whole number from 0 on. */
  constructor(sizeBytes: number) {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      throw new Http2Error(
        "invalid_argument",
        `Cannot create window budget: sizeBytes must be a whole number from 0 on, received ${String(sizeBytes)}`,
      );
    }
    this.sizeBytes = sizeBytes;
  }

  /** Octets given out now. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Takes `bytes`, or what is left of them; returns how many. */
  take(bytes: number): number {
    const granted = Math.min(bytes, this.sizeBytes - this.#takenBytes);
    if (granted < bytes) this.shortages++;
    this.#takenBytes += granted;
    return granted;
  }

  /** Gives back `bytes` that were taken. */
  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}
