// SPDX-License-Identifier: Apache-2.0
import { type Connection, copyBytes, type Stream, type Timer } from "@grpc-router/http2";
import {
  MESSAGE_PREFIX_BYTES,
  readMessageFlags,
  readMessageLength,
  StatusCode,
  writeMessagePrefix,
} from "@grpc-router/protocol";
import type { LocalCall, LocalCallHandler } from "../builtin/local-service.js";
import type { Clock } from "../clock.js";
import { maxLocalMessageBytes } from "../limits.js";
import type { LocalTarget } from "../registry/target.js";
import { encodeStatusLiterals } from "../status/status-literals.js";
import { endStream, headTemplate, noTemplate } from "./answer.js";
import type { ContentType, RequestHead } from "./request-head.js";
import type { StreamHandler, StreamUser } from "./stream-user.js";

const nothing = new Uint8Array(0);

/** What a local call is about. */
export interface LocalCallParts {
  readonly connection: Connection<StreamUser>;
  readonly stream: Stream<StreamUser>;
  readonly target: LocalTarget;
  readonly head: RequestHead;
  readonly clock: Clock;
}

/** A call that the router answers itself: messages in, messages out, with the client's pace. Rare, so it is plain. */
export class LocalCallStream implements StreamHandler, LocalCall {
  readonly #connection: Connection<StreamUser>;
  readonly #stream: Stream<StreamUser>;
  readonly #contentType: ContentType;
  readonly #handler: LocalCallHandler;
  readonly #deadline: Timer | undefined;
  /** Request bytes that are not handled yet, `pending[0, pendingEnd)`; the client's window bounds them. */
  #pending = nothing;
  #pendingEnd = 0;
  #halfClosed = false;
  #halfCloseTold = false;
  #headersSent = false;
  #ended = false;

  constructor({ connection, stream, target, head, clock }: LocalCallParts) {
    this.#connection = connection;
    this.#stream = stream;
    this.#contentType = head.contentType;
    this.#deadline = head.timeoutUs < 0 ? undefined : clock.after(head.timeoutUs / 1000, () => this.#onDeadline());
    this.#handler = target.service.start(target.method, this);
  }

  // LocalCall

  get busy(): boolean {
    return !this.#ended && this.#stream.queuedBytes > 0;
  }

  send(message: Uint8Array): void {
    if (this.#ended) return;
    if (!this.#headersSent)
      this.#connection.writeHead(this.#stream, headTemplate(this.#contentType), nothing, 0, 0, false);
    this.#headersSent = true;
    const bytes = new Uint8Array(MESSAGE_PREFIX_BYTES + message.length);
    copyBytes(message, 0, message.length, bytes, writeMessagePrefix(bytes, 0, false, message.length));
    if (!this.#ended) this.#connection.write(this.#stream, bytes, 0, bytes.length, false);
  }

  end(code: number, message: string): void {
    if (this.#ended) return;
    this.#stop();
    const literals = encodeStatusLiterals({ code, message });
    const template = this.#headersSent ? noTemplate : headTemplate(this.#contentType);
    endStream(this.#connection, this.#stream, template, literals);
  }

  // StreamHandler

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.#ended) {
      this.#connection.consume(this.#stream, end - start);
      return;
    }
    if (end > start) this.#append(bytes, start, end);
    if (endStream) this.#halfClosed = true;
    this.#work();
  }

  onSent(): void {
    if (this.busy || this.#ended) return;
    this.#handler.onTaken();
    this.#work();
  }

  onRoom(): void {}

  onClosed(): void {
    if (this.#ended) return;
    this.#stop();
    this.#handler.onCancel();
  }

  /** Grows by doubling: pieces of a byte each must not copy all that came before them. */
  #append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#pendingEnd + end - start;
    if (needed > this.#pending.length) {
      const larger = new Uint8Array(Math.max(needed, this.#pending.length * 2));
      copyBytes(this.#pending, 0, this.#pendingEnd, larger, 0);
      this.#pending = larger;
    }
    this.#pendingEnd = copyBytes(bytes, start, end, this.#pending, this.#pendingEnd);
  }

  /** Hands on what is whole, one message at a time, as long as the client takes the answers. */
  #work(): void {
    while (!this.busy && !this.#ended && this.#pendingEnd >= MESSAGE_PREFIX_BYTES) {
      const end = MESSAGE_PREFIX_BYTES + readMessageLength(this.#pending, 0);
      if (this.#refuses(end - MESSAGE_PREFIX_BYTES) || this.#pendingEnd < end) break;
      const message = this.#pending.slice(MESSAGE_PREFIX_BYTES, end);
      this.#pending.copyWithin(0, end, this.#pendingEnd);
      this.#pendingEnd -= end;
      this.#connection.consume(this.#stream, end);
      this.#handler.onMessage(message);
    }
    if (!this.#halfClosed || this.#halfCloseTold || this.busy || this.#ended) return;
    this.#halfCloseTold = true;
    if (this.#pendingEnd > 0) this.end(StatusCode.internal, "the request ended inside a message");
    else this.#handler.onHalfClose();
  }

  /** Ends the call if the message at hand, of `length` octets, is none that is taken here. */
  #refuses(length: number): boolean {
    if (readMessageFlags(this.#pending, 0) !== 0) {
      this.end(StatusCode.unimplemented, "the router's own services take no compressed messages");
    } else if (length > maxLocalMessageBytes) {
      const text = `a message must be at most ${maxLocalMessageBytes} bytes, received ${length}`;
      this.end(StatusCode.resourceExhausted, text);
    }
    return this.#ended;
  }

  #onDeadline(): void {
    if (this.#ended) return;
    this.#handler.onCancel();
    this.end(StatusCode.deadlineExceeded, "the deadline has passed");
  }

  #stop(): void {
    this.#ended = true;
    this.#deadline?.cancel();
  }
}
