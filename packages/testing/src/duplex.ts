// SPDX-License-Identifier: Apache-2.0
import type { PeerInfo, Scheduler, Transport, TransportSink } from "@grpc-router/http2";
import type { BytePipeOptions, BytePipeReader, BytePipeWriter } from "./byte-pipe.js";
import { BytePipe } from "./byte-pipe.js";
import type { SeededRandom } from "./seeded-random.js";

/** Options of `createDuplex`. */
export interface DuplexOptions {
  /** One-way delay in milliseconds. Default 0: bytes arrive with the next deferred turn. */
  readonly latencyMs?: number;
  /** Bytes a millisecond in each direction. Default: no bound. */
  readonly bytesPerMs?: number;
  /** Cuts what arrives at random positions. Default: one piece. */
  readonly random?: SeededRandom;
  /** Longest piece delivered in one call. Default 65,536. */
  readonly maxChunkBytes?: number;
  /** Bytes under way in one direction before `write` answers false. Default: no bound. */
  readonly capacityBytes?: number;
  /** Time of the left end where the ends are in different processes. Default: the scheduler of the duplex. */
  readonly leftScheduler?: Scheduler;
  /** Time of the right end. Default: the scheduler of the duplex. */
  readonly rightScheduler?: Scheduler;
  /** What the right end says about the left one, its peer. Default: address "left", not encrypted. */
  readonly left?: Partial<PeerInfo>;
  /** What the left end says about the right one. Default: address "right", not encrypted. */
  readonly right?: Partial<PeerInfo>;
}

/** One end of a duplex. */
export interface DuplexEnd extends Transport {
  /** Where this end delivers; what has arrived before waits for it. */
  deliverTo(sink: TransportSink): void;
  /** Bytes given to `write` so far. */
  readonly writtenBytes: number;
  /** Calls of `write` so far. */
  readonly writes: number;
}

/** Two transports, each the other's peer, and the network between them. */
export interface Duplex {
  readonly left: DuplexEnd;
  readonly right: DuplexEnd;
  /** Nothing arrives any more in this direction, and neither end is told: a firewall that drops, a pulled cable. Default: both. */
  cut(direction?: "toLeft" | "toRight" | "both"): void;
  /** Nothing arrives in this direction for `ms`, then all that is due. */
  stall(direction: "toLeft" | "toRight" | "both", ms: number): void;
  /** Both ends learn at once that the connection is gone; what was under way is lost. */
  reset(message?: string): void;
}

/**
 * Creates an in-memory connection that is stricter than a socket: the delivered buffer is overwritten after each call,
 * `start` is never 0, a held buffer is read late, and a write without room or after the end throws.
 *
 * @example
 * const { left, right } = createDuplex(scheduler, { random: createSeededRandom(1), latencyMs: 5 });
 * right.deliverTo(router.accept(right));
 */
export function createDuplex(scheduler: Scheduler, options: DuplexOptions = {}): Duplex {
  const { leftScheduler = scheduler, rightScheduler = scheduler } = options;
  const pipeOptions: Omit<BytePipeOptions, "scheduler"> = {
    latencyMs: options.latencyMs ?? 0,
    bytesPerMs: options.bytesPerMs ?? Number.POSITIVE_INFINITY,
    capacityBytes: options.capacityBytes ?? Number.POSITIVE_INFINITY,
    maxChunkBytes: options.maxChunkBytes ?? 65_536,
    random: options.random,
  };
  // Bytes arrive in the reader's time.
  const toRight = new BytePipe({ ...pipeOptions, scheduler: rightScheduler });
  const toLeft = new BytePipe({ ...pipeOptions, scheduler: leftScheduler });
  const left = new End(leftScheduler, toRight, toLeft, peerInfo("right", options.right));
  const right = new End(rightScheduler, toLeft, toRight, peerInfo("left", options.left));
  toRight.join(left, right);
  toLeft.join(right, left);
  return {
    left,
    right,
    cut(direction = "both") {
      if (direction !== "toLeft") toRight.cut();
      if (direction !== "toRight") toLeft.cut();
    },
    stall(direction, ms) {
      if (direction !== "toLeft") toRight.stall(ms);
      if (direction !== "toRight") toLeft.stall(ms);
    },
    reset(message = "connection reset by peer") {
      left.break(new Error(message));
      right.break(new Error(message));
    },
  };
}

function peerInfo(address: string, given: Partial<PeerInfo> = {}): PeerInfo {
  return { address, encrypted: false, identities: [], ...given };
}

class End implements DuplexEnd, BytePipeReader, BytePipeWriter {
  readonly peer: PeerInfo;
  writtenBytes = 0;
  writes = 0;
  readonly #scheduler: Scheduler;
  readonly #outgoing: BytePipe;
  readonly #incoming: BytePipe;
  #sink: TransportSink | undefined;
  #paused = false;
  /** `closed` has been told, or will be with the next turn. */
  #closed = false;

  constructor(scheduler: Scheduler, outgoing: BytePipe, incoming: BytePipe, peer: PeerInfo) {
    this.#scheduler = scheduler;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.peer = peer;
  }

  deliverTo(sink: TransportSink): void {
    this.#sink = sink;
    this.#incoming.resume();
  }

  write(bytes: Uint8Array, length: number): boolean {
    if (this.#closed) return true;
    this.writtenBytes += length;
    this.writes++;
    if (!this.#outgoing.refused) return this.#outgoing.write(bytes, length);
    // Nobody is there: the other system answers with a reset, as TCP does.
    this.break(new Error("connection reset by peer"));
    return true;
  }

  end(): void {
    if (this.#closed) return;
    this.#outgoing.end();
    this.#closeIfOver();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#outgoing.abandon();
    this.break();
  }

  setReading(reading: boolean): void {
    this.#paused = !reading;
    if (reading) this.#incoming.resume();
  }

  /** Closes this end without a word to the other. */
  break(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#incoming.refuse();
    // Not at once: a transport never calls its sink from within a call to itself.
    this.#scheduler.defer(() => this.#sink?.closed(error));
  }

  get reading(): boolean {
    return !this.#paused && !this.#closed && this.#sink !== undefined;
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.#sink?.receive(bytes, start, end);
  }

  ended(): void {
    this.#sink?.ended();
    this.#closeIfOver();
  }

  drained(): void {
    this.#scheduler.defer(() => {
      if (!this.#closed) this.#sink?.drained();
    });
  }

  finished(): void {
    this.#closeIfOver();
  }

  /** Both directions are over, or the incoming one is and nobody is there to take what this end has left. */
  #closeIfOver(): void {
    const sent = this.#outgoing.finished || (this.#outgoing.refused && this.#outgoing.ending);
    if (sent && this.#incoming.finished) this.break();
  }
}
