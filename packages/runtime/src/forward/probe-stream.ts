// SPDX-License-Identifier: Apache-2.0
import type { Connection, Stream } from "@grpc-router/http2";
import { type HttpAnswer, sendHttpAnswer } from "./http-answer.js";
import type { StreamHandler, StreamUser } from "./stream-user.js";

/**
 * A request for /live or /ready. It is answered when it is whole: an answer before that would have to reset the stream,
 * and a client may take that for a failure.
 */
export class ProbeStream implements StreamHandler {
  readonly #connection: Connection<StreamUser>;
  readonly #stream: Stream<StreamUser>;
  readonly #answer: () => HttpAnswer;

  /** `answer` is asked when the request has ended. */
  constructor(connection: Connection<StreamUser>, stream: Stream<StreamUser>, answer: () => HttpAnswer) {
    this.#connection = connection;
    this.#stream = stream;
    this.#answer = answer;
  }

  onData(_bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#connection.consume(this.#stream, end - start);
    if (endStream) sendHttpAnswer(this.#connection, this.#stream, this.#answer());
  }

  onSent(): void {}

  onRoom(): void {}

  onClosed(): void {}
}
