// SPDX-License-Identifier: Apache-2.0

import { type Connection, ErrorCode, type Scheduler, type Stream, type Timer } from "@grpc-router/http2";
import { afterReading } from "../after-reading.js";

const NO_BYTES = new Uint8Array(0);

/** The HTTP/2 stream under a channel: how it ends, and the one time limit that the channel has at any time. */
export class RegisterStream<Data> {
  readonly connection: Connection<Data>;
  readonly stream: Stream<Data>;
  readonly #scheduler: Scheduler;
  #isThere = true;
  #timer: Timer | undefined;

  constructor(connection: Connection<Data>, stream: Stream<Data>, scheduler: Scheduler) {
    this.connection = connection;
    this.stream = stream;
    this.#scheduler = scheduler;
  }

  /** Our side has ended, or the stream is gone. */
  get isEnded(): boolean {
    return !this.#isThere || this.stream.localEnded;
  }

  /** Runs `task` after `ms` unless something else is waited for until then. */
  wait(ms: number, task: () => void): void {
    this.stopWaiting();
    this.#timer = afterReading(this.#scheduler, ms, task);
  }

  stopWaiting(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Ends our side behind everything written. */
  end(): void {
    if (!this.isEnded) this.connection.write(this.stream, NO_BYTES, 0, 0, true);
  }

  /** Ends the stream at once; what is not written is lost. */
  reset(): void {
    this.stopWaiting();
    if (this.#isThere) this.connection.reset(this.stream, ErrorCode.cancel);
  }

  /** The connection says that the stream is over. */
  gone(): void {
    this.#isThere = false;
    this.stopWaiting();
  }
}
