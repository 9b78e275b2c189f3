// SPDX-License-Identifier: Apache-2.0
import { maxDiscardedBytes } from "../limits.js";
import type { Timer, Transport, TransportSink } from "../ports.js";
import type { Connection, ConnectionHost, ConnectionOptions } from "./connection.js";
import { createConnection } from "./create-connection.js";
import type { Flushable, Flusher } from "./flusher.js";

/** Options of the connection; host and clock come from transport and flusher. */
export type AttachOptions<Head, Data> = Omit<ConnectionOptions<Head, Data>, "host" | "nowMs">;

/** A connection on a transport, and where the transport delivers. */
export interface Attached<Data> {
  readonly connection: Connection<Data>;
  readonly sink: TransportSink;
}

/** Time for the peer to read our last words and to close, before the transport is destroyed. */
const lingerMs = 2_000;
/** Time for the transport to take what is left after a close. */
const lastWriteMs = 30_000;

/**
 * Puts a connection on a transport: one read path, one write per tick by way of `flusher`, and an orderly end. The
 * transport must not call the sink from within its own verbs.
 */
export function attachTransport<Head, Data>(
  transport: Transport,
  flusher: Flusher,
  options: AttachOptions<Head, Data>,
): Attached<Data> {
  const attachment = new Attachment<Data>(transport, flusher);
  const connection = createConnection({ ...options, host: attachment, nowMs: flusher.scheduler.nowMs() });
  attachment.connection = connection;
  return { connection, sink: attachment };
}

class Attachment<Data> implements ConnectionHost, TransportSink, Flushable {
  connection: Connection<Data> | undefined;
  readonly #transport: Transport;
  readonly #flusher: Flusher;
  /** The buffer that the transport holds until it has drained. */
  #inFlight: Uint8Array | undefined;
  #flushing = false;
  /** The transport was told to deliver nothing. */
  #paused = false;
  /** The peer's end came in spite of that. */
  #endPending = false;
  /** Octets that came after the end of the connection. */
  #discardedBytes = 0;
  #state: "open" | "closing" | "ended" | "gone" = "open";
  #timer: Timer | undefined;

  constructor(transport: Transport, flusher: Flusher) {
    this.#transport = transport;
    this.#flusher = flusher;
  }

  schedule(): void {
    this.#flusher.add(this);
  }

  flush(): void {
    const { connection } = this;
    if (connection === undefined || this.#flushing || this.#inFlight !== undefined) return;
    if (this.#state === "ended" || this.#state === "gone") return;
    this.#flushing = true;
    try {
      this.#writeAll(connection);
    } finally {
      this.#flushing = false;
    }
    if (this.#state === "closing" && this.#inFlight === undefined) this.#end();
  }

  pause(): void {
    this.#paused = true;
    this.#transport.setReading(false);
  }

  resumeLater(): void {
    this.#flusher.scheduler.defer(() => this.#resume());
  }

  close(abort: boolean): void {
    if (this.#state !== "open") return;
    this.#read();
    if (abort) {
      this.#destroy();
      return;
    }
    this.#state = "closing";
    this.#timer = this.#flusher.scheduler.after(lastWriteMs, () => this.#destroy());
    this.flush();
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === "open") this.connection?.receive(bytes, start, end, this.#flusher.scheduler.nowMs());
    else this.#discard(end - start);
  }

  drained(): void {
    const bytes = this.#inFlight;
    if (bytes === undefined) return;
    this.#inFlight = undefined;
    this.connection?.releaseOutput(bytes);
    this.connection?.setHeld(false);
    this.flush();
  }

  ended(): void {
    this.#endPending = this.#paused;
    if (this.#paused) return;
    if (this.#state === "ended") this.#destroy();
    else this.connection?.receiveEnd();
  }

  closed(error?: Error): void {
    if (this.#state === "gone") return;
    const wasOpen = this.#state === "open";
    this.#state = "gone";
    this.#timer?.cancel();
    if (wasOpen) this.connection?.receiveEnd(error);
  }

  #resume(): void {
    if (this.#state === "gone" || this.connection?.resume(this.#flusher.scheduler.nowMs()) !== true) return;
    this.#read();
    if (this.#endPending) this.ended();
  }

  /** The transport may deliver again. */
  #read(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport.setReading(true);
  }

  /** After the end octets are read only to keep the transport from a reset, which would overtake our last words. */
  #discard(octets: number): void {
    this.#discardedBytes += octets;
    if (this.#discardedBytes > maxDiscardedBytes && !this.#paused) this.pause();
  }

  #writeAll(connection: Connection<Data>): void {
    for (let bytes = connection.takeOutput(); bytes !== undefined; bytes = connection.takeOutput()) {
      if (!this.#transport.write(bytes, connection.outputLength)) {
        this.#inFlight = bytes;
        connection.setHeld(true);
        return;
      }
      connection.releaseOutput(bytes);
    }
  }

  /** Everything is written: the peer reads it and closes, or is cut off. */
  #end(): void {
    this.#state = "ended";
    this.#timer?.cancel();
    this.#transport.end();
    this.#timer = this.#flusher.scheduler.after(lingerMs, () => this.#destroy());
  }

  #destroy(): void {
    this.#state = "gone";
    this.#timer?.cancel();
    this.#transport.destroy();
  }
}
