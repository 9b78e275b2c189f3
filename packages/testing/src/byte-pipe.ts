// SPDX-License-Identifier: Apache-2.0
import type { Scheduler } from "@grpc-router/http2";
import type { SeededRandom } from "./seeded-random.js";

/** How a pipe behaves. */
export interface BytePipeOptions {
  readonly scheduler: Scheduler;
  /** One-way delay in milliseconds. 0: the next deferred turn. */
  readonly latencyMs: number;
  /** Bytes a millisecond; `Infinity`: no bound. */
  readonly bytesPerMs: number;
  /** Bytes under way at most; `Infinity`: no bound. */
  readonly capacityBytes: number;
  /** Longest piece delivered in one call. */
  readonly maxChunkBytes: number;
  /** Cuts at random positions; undefined: everything that has arrived, in one piece. */
  readonly random: SeededRandom | undefined;
}

/** The reader's side of a pipe. */
export interface BytePipeReader {
  /** Whether it wants anything now. */
  readonly reading: boolean;
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** Everything has been delivered and the writer has ended. */
  ended(): void;
}

/** The writer's side of a pipe. */
export interface BytePipeWriter {
  /** What did not fit has been taken. */
  drained(): void;
  /** The reader has been told the end. */
  finished(): void;
}

/** Room before and after the delivered bytes, so that a reader which takes 0 for `start`, or reads past `end`, fails. */
const margin = 16;
/** What a reader finds that looks at the bytes after its call. */
const poison = 0xdb;

/** A wait that moves any clock forward. */
const minWaitMs = 0.001;

interface Piece {
  readonly bytes: Uint8Array;
  readonly arrivesMs: number;
}

/** One direction of a duplex: bytes go in at once and come out later, whole, in order, cut anywhere. */
export class BytePipe {
  readonly #options: BytePipeOptions;
  #reader: BytePipeReader | undefined;
  #writer: BytePipeWriter | undefined;
  readonly #window: Uint8Array;
  readonly #pieces: Piece[] = [];
  #waitingBytes = 0;
  /** The writer's own buffer, given with a write that did not fit: read only as room comes, so changing it early shows. */
  #held: Uint8Array | undefined;
  #cut = false;
  /** Nothing arrives before. */
  #stalledUntilMs = Number.NEGATIVE_INFINITY;
  /** When the last byte under way arrives: bytes never overtake each other. */
  #lastArrivalMs = Number.NEGATIVE_INFINITY;
  #pumpScheduled = false;
  #ending = false;
  /** When the end has crossed. */
  #endArrivesMs = 0;
  #finished = false;
  #refused = false;

  constructor(options: BytePipeOptions) {
    this.#options = options;
    this.#window = new Uint8Array(options.maxChunkBytes + 2 * margin).fill(poison);
  }

  /** The writer has ended. */
  get ending(): boolean {
    return this.#ending;
  }

  /** The reader has been told that this direction is over. */
  get finished(): boolean {
    return this.#finished;
  }

  /** The reader has gone. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Connects both sides; once. */
  join(writer: BytePipeWriter, reader: BytePipeReader): void {
    this.#writer = writer;
    this.#reader = reader;
  }

  /** As `Transport.write`. */
  write(bytes: Uint8Array, length: number): boolean {
    if (this.#held !== undefined) throw new Error("Cannot write: drained() must come first, the last write is held");
    if (this.#ending) throw new Error("Cannot write: the sending side must be open, received end() before");
    this.#held = bytes.subarray(0, length);
    return this.#admit();
  }

  /** No more bytes; the reader learns it behind the last one. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#endArrivesMs = this.#arrivalOf(0);
    this.#scheduleAt(this.#endArrivesMs);
  }

  /** The writer is gone: what it has not handed over is lost, what is under way arrives. */
  abandon(): void {
    this.#held = undefined;
    this.end();
  }

  /** The reader is gone: whatever is written now meets nobody. */
  refuse(): void {
    this.#refused = true;
  }

  /** From now on nothing arrives any more, and nobody is told. */
  cut(): void {
    this.#cut = true;
  }

  /** Nothing arrives for `ms`, then everything that is due: a network that stands still, a slow reader. */
  stall(ms: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#options.scheduler.nowMs() + ms);
    this.#scheduleAt(this.#stalledUntilMs);
  }

  /** The reader wants to go on. */
  resume(): void {
    this.#schedule(0);
  }

  /** Takes over what fits of the held bytes. True: all of it. */
  #admit(): boolean {
    const { capacityBytes } = this.#options;
    const held = this.#held;
    if (held === undefined) return true;
    const room = capacityBytes - this.#waitingBytes;
    const size = Math.min(held.length, room);
    // As TCP does: a sender that fills every gap of a few bytes sends crumbs for ever (RFC 9293 section 3.8.6.2).
    if (size > 0 && (size === held.length || room >= capacityBytes / 4)) {
      const arrivesMs = this.#arrivalOf(size);
      this.#pieces.push({ bytes: held.slice(0, size), arrivesMs });
      this.#waitingBytes += size;
      this.#scheduleAt(arrivesMs);
      this.#held = size < held.length ? held.subarray(size) : undefined;
    }
    return this.#held === undefined;
  }

  /** When `size` bytes that leave now have arrived. */
  #arrivalOf(size: number): number {
    const { bytesPerMs, latencyMs, scheduler } = this.#options;
    const sentMs = Math.max(scheduler.nowMs(), this.#lastArrivalMs - latencyMs) + size / bytesPerMs;
    this.#lastArrivalMs = sentMs + latencyMs;
    return this.#lastArrivalMs;
  }

  #scheduleAt(atMs: number): void {
    this.#schedule(atMs - this.#options.scheduler.nowMs());
  }

  #schedule(delayMs: number): void {
    if (delayMs > 0) {
      this.#options.scheduler.after(delayMs, () => this.#pump());
    } else if (!this.#pumpScheduled) {
      this.#pumpScheduled = true;
      this.#options.scheduler.defer(() => {
        this.#pumpScheduled = false;
        this.#pump();
      });
    }
  }

  #pump(): void {
    const reader = this.#reader;
    if (reader === undefined || !reader.reading || this.#cut || this.#finished) return;
    const stalledMs = this.#stalledUntilMs - this.#options.scheduler.nowMs();
    if (stalledMs > 0) {
      this.#schedule(Math.max(stalledMs, minWaitMs));
      return;
    }
    const size = this.#fillWindow();
    if (size > 0) {
      reader.receive(this.#window, margin, margin + size);
      this.#window.fill(poison, margin, margin + size);
      this.#waitingBytes -= size;
      if (this.#held !== undefined && this.#admit()) this.#writer?.drained();
      if (this.#pieces.length > 0) this.#schedule(0);
    }
    const [next] = this.#pieces;
    // Sums of fractions may come out a little early: what has not arrived quite is looked at again.
    if (size === 0 && next !== undefined)
      this.#schedule(Math.max(next.arrivesMs - this.#options.scheduler.nowMs(), minWaitMs));
    if (this.#hasArrivedWhole()) {
      this.#finished = true;
      reader.ended();
      this.#writer?.finished();
    }
  }

  #hasArrivedWhole(): boolean {
    if (!this.#ending || this.#pieces.length > 0 || this.#held !== undefined) return false;
    return this.#endArrivesMs <= this.#options.scheduler.nowMs() + minWaitMs;
  }

  /** Moves the next chunk of what has arrived into the window and returns its size. */
  #fillWindow(): number {
    const nowMs = this.#options.scheduler.nowMs();
    let size = 0;
    for (const piece of this.#pieces) {
      if (piece.arrivesMs > nowMs) break;
      size += piece.bytes.length;
    }
    size = Math.min(this.#chunkSize(size), this.#options.maxChunkBytes);
    for (let filled = 0; filled < size; ) {
      const piece = this.#pieces.shift();
      if (piece === undefined) break;
      const part = piece.bytes.subarray(0, size - filled);
      this.#window.set(part, margin + filled);
      filled += part.length;
      if (part.length < piece.bytes.length) {
        this.#pieces.unshift({ bytes: piece.bytes.subarray(part.length), arrivesMs: piece.arrivesMs });
      }
    }
    return size;
  }

  /** Often everything or a few bytes, where the faults are; else anything between. */
  #chunkSize(available: number): number {
    const random = this.#options.random;
    if (random === undefined || available < 2) return available;
    const kind = random.integer(4);
    if (kind === 0) return available;
    return 1 + random.integer(kind === 1 ? Math.min(available, 10) : available);
  }
}
