// SPDX-License-Identifier: Apache-2.0
// OpenSSL bounds empty records and warnings, but takes any number of key updates (measured with 3.5.8), and Node does not
// tell of them. What Node does tell is how much arrived as records and how much of it was data.

import { TLS_OVERHEAD_CHECK_MS, TLS_OVERHEAD_LEAK_BYTES, TLS_RECORD_EXPANSION } from "../limits.js";

/** What counts the octets that it has read: of a socket records, of the TLS socket on it data. */
export interface ReadCounter {
  readonly bytesRead: number;
}

interface Watched {
  readonly records: ReadCounter;
  readonly data: ReadCounter;
  readonly onFlood: () => void;
  seenRecords: number;
  seenData: number;
  excess: number;
}

/** How overhead is judged. */
export interface TlsOverheadOptions {
  /** Octets of overhead that a connection may have at once. */
  readonly limitBytes: number;
}

/** Finds connections whose TLS records carry next to no data. */
export class TlsOverheadGuard {
  readonly #limitBytes: number;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ limitBytes }: TlsOverheadOptions) {
    this.#limitBytes = limitBytes;
  }

  /** Watches a connection from now on; `onFlood` is called once at most. Returns what ends the watch. */
  watch(records: ReadCounter, data: ReadCounter, onFlood: () => void): () => void {
    const watched = {
      records,
      data,
      onFlood,
      seenRecords: records.bytesRead,
      seenData: data.bytesRead,
      excess: 0,
    };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.sweep(), TLS_OVERHEAD_CHECK_MS).unref();
    return () => this.#forget(watched);
  }

  /** Judges every connection; called by a timer every `TLS_OVERHEAD_CHECK_MS`. */
  sweep(): void {
    const leak = (TLS_OVERHEAD_LEAK_BYTES * TLS_OVERHEAD_CHECK_MS) / 1_000;
    for (const watched of this.#watched) {
      const { bytesRead: records } = watched.records;
      const { bytesRead: data } = watched.data;
      const grown = records - watched.seenRecords - TLS_RECORD_EXPANSION * (data - watched.seenData);
      watched.seenRecords = records;
      watched.seenData = data;
      watched.excess = Math.max(0, watched.excess + grown - leak);
      if (watched.excess <= this.#limitBytes) continue;
      this.#forget(watched);
      watched.onFlood();
    }
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
