// SPDX-License-Identifier: Apache-2.0

import type { Socket } from "node:net";
import type { PeerInfo, Transport, TransportSink } from "@grpc-router/http2";
import { KEEP_ALIVE_DELAY_MS } from "../limits.js";
import { readInto } from "./accepted-read.js";
import { peerOf } from "./peer.js";
import { sharedReadBuffer } from "./read-buffer.js";

/** A socket as a `Transport`. Nothing is read before `start`. */
export interface SocketTransport extends Transport {
  /** Delivers to `sink` from now on. Called once. */
  start(sink: TransportSink): void;
  /** For a socket made with `onread`: handles what Node has read into the shared buffer. */
  received(bytes: Uint8Array, length: number): void;
}

/** How the bytes of a socket reach us. */
export interface SocketTransportOptions {
  /**
   * `shared` (default): accepted sockets read into the buffer of the thread when this Node allows it; `event`: always by
   * the 'data' event; `onread`: the socket was made with `onread`, and its callback calls `received`.
   */
  readonly read?: "shared" | "event" | "onread";
  /** Looks at the first bytes (none: the peer ended without any); an error ends the transport with it, so that a peer of another protocol is named. */
  readonly inspect?: (bytes: Uint8Array, length: number) => Error | undefined;
  /** Puts an error of the socket into words before the sink hears it. */
  readonly explain?: (error: Error) => Error;
  /** Hears of an exception thrown by the sink; the socket is destroyed. Without it the exception goes on. */
  readonly onFault?: (error: unknown) => void;
}

const EMPTY = Buffer.alloc(0);

/** Wraps a connected `net.Socket` or `tls.TLSSocket`; it should be made with `allowHalfOpen`, so that output outlives the peer's FIN. */
export function createSocketTransport(socket: Socket, options: SocketTransportOptions = {}): SocketTransport {
  return new NodeSocketTransport(socket, options);
}

class NodeSocketTransport implements SocketTransport {
  readonly peer: PeerInfo;
  readonly #socket: Socket;
  readonly #read: "shared" | "event" | "onread";
  #inspect: SocketTransportOptions["inspect"];
  readonly #onFault: SocketTransportOptions["onFault"];
  #sink: TransportSink | undefined;
  #held = false;
  #closed = false;
  #error: Error | undefined;
  readonly #onTaken = () => this.#taken();

  constructor(socket: Socket, options: SocketTransportOptions) {
    this.#socket = socket;
    this.#read = options.read ?? "shared";
    this.#inspect = options.inspect;
    this.#onFault = options.onFault;
    this.peer = peerOf(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    // Without a listener an error before start() would be thrown.
    socket.on("error", (error) => {
      this.#error ??= options.explain?.(error) ?? error;
    });
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
    const socket = this.#socket;
    socket.on("drain", this.#onTaken);
    socket.on("end", () => {
      if (!this.#refused(EMPTY, 0)) this.#sink?.ended();
    });
    socket.on("close", () => this.#onClose());
    if (socket.closed) {
      this.#onClose();
      return;
    }
    if (this.#read === "shared") {
      const buffer = sharedReadBuffer();
      if (!readInto(socket, buffer, (length) => this.received(buffer, length))) this.#readByEvent();
    } else if (this.#read === "event") {
      this.#readByEvent();
    }
    socket.resume();
  }

  received(bytes: Uint8Array, length: number): void {
    if (this.#socket.destroyed || this.#refused(bytes, length)) return; // a destroyed one may still hand over what it has read
    try {
      this.#sink?.receive(bytes, 0, length);
    } catch (error) {
      this.#socket.destroy();
      if (this.#onFault === undefined) throw error;
      this.#onFault(error);
    }
  }

  write(bytes: Uint8Array, length: number): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true; // gone: 'close' tells the sink; the bytes have nowhere to go
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    if (this.peer.encrypted) {
      // TLS never takes bytes at once, so ask to be told.
      this.#held = true;
      socket.write(chunk, this.#onTaken);
      return false;
    }
    socket.write(chunk);
    if (socket.writableLength === 0) return true; // the kernel has it all
    this.#held = true;
    // 'drain' comes only above the high-water mark; below it, an empty write behind this one tells.
    if (!socket.writableNeedDrain) socket.write(EMPTY, this.#onTaken);
    return false;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  setReading(reading: boolean): void {
    if (reading) this.#socket.resume();
    else this.#socket.pause();
  }

  /** Whether the first bytes are not what we speak; then the socket is destroyed. */
  #refused(bytes: Uint8Array, length: number): boolean {
    if (this.#inspect === undefined) return false;
    const error = this.#inspect(bytes, length);
    this.#inspect = undefined;
    if (error === undefined) return false;
    this.#error ??= error;
    this.#socket.destroy();
    return true;
  }

  #readByEvent(): void {
    this.#socket.on("data", (chunk: Buffer) => this.received(chunk, chunk.length));
  }

  #taken(): void {
    // The callbacks of a destroyed socket's writes come, too.
    if (!this.#held || this.#socket.destroyed || this.#socket.writableLength > 0) return;
    this.#held = false;
    this.#sink?.drained();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(this.#error);
  }
}
