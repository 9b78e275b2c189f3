// SPDX-License-Identifier: Apache-2.0

/** Who is at the other end of a transport, for logs, metrics and authorization. */
export interface PeerInfo {
  /** `host:port` of the peer, or a name for an in-memory peer. */
  readonly address: string;
  /** True if the bytes travel inside TLS. */
  readonly encrypted: boolean;
  /** Subject alternative names of a verified client certificate; empty without one. */
  readonly identities: readonly string[];
  /** When that certificate ends, in milliseconds since 1970. Absent: without one, or not known. */
  readonly identitiesUntilMs?: number | undefined;
}

/** A byte stream below the engine: a socket, a TLS stream, or an in-memory duplex. */
export interface Transport {
  readonly peer: PeerInfo;
  /**
   * Sends `bytes[0, length)`. True: all is taken and the buffer may be used again at once. False: the transport holds
   * the buffer until it calls `TransportSink.drained()`; no further `write` before that.
   */
  write(bytes: Uint8Array, length: number): boolean;
  /** Ends the sending side after everything written; the peer may still send. */
  end(): void;
  /** Closes both directions at once and forgets what was not sent. Idempotent. */
  destroy(): void;
  /** Stops or restarts the calls of `TransportSink.receive`. */
  setReading(reading: boolean): void;
}

/** Where a transport delivers. After `closed` nothing more is called. */
export interface TransportSink {
  /** `bytes[start, end)` arrived; the buffer is valid only during the call. */
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** A `write` that returned false has been taken. */
  drained(): void;
  /** The peer has ended its sending side. */
  ended(): void;
  /** The transport is gone; `error` tells why when it was not an orderly close. */
  closed(error?: Error): void;
}

/** A running timer. */
export interface Timer {
  /** Stops the timer; without effect when it has fired. */
  cancel(): void;
}

/** Time and deferral as arguments, so that everything above runs on virtual time. */
export interface Scheduler {
  /** Monotonic time in milliseconds, with fraction. */
  nowMs(): number;
  /** Runs `task` once after the I/O events at hand (Node: `setImmediate`). */
  defer(task: () => void): void;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Timer;
}
