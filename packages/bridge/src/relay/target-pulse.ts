// SPDX-License-Identifier: Apache-2.0

import { TARGET_ANSWER_MS, TARGET_SILENCE_MS } from "../limits.js";
import { encodeHealthRequest } from "./health-request.js";
import type { RequestHead } from "./request-head.js";
import type { OpenedStream, TargetLink } from "./target-link.js";
import type { TargetStream } from "./target-stream.js";

/** RST_STREAM CANCEL (RFC 9113 section 7). */
const CANCEL = 0x8;
/** About the server as a whole. */
const REQUEST: Uint8Array = encodeHealthRequest("");

/**
 * Finds out that a connection to the target is half open: after a silence it asks for the target's health, and a server
 * that has no such checks says at least so. Any byte counts as an answer. It asks by a call and not by PING, of which gRPC
 * servers bear one in five minutes (gRFC A8).
 */
export class TargetPulse implements TargetStream {
  readonly #head: RequestHead;
  #heardMs: number;
  #askedMs = Number.NEGATIVE_INFINITY;
  #opened: OpenedStream | undefined;

  constructor(nowMs: number, head: RequestHead) {
    this.#heardMs = nowMs;
    this.#head = head;
  }

  /** Its stream is open. */
  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /** Bytes have come. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  /** Asks if there has been silence. False: the target has not said anything since it was asked, and had time to. */
  look(nowMs: number, link: TargetLink): boolean {
    const isAsked = this.#askedMs > this.#heardMs;
    if (isAsked) return nowMs - this.#askedMs < TARGET_ANSWER_MS;
    if (nowMs - this.#heardMs >= TARGET_SILENCE_MS) this.#ask(nowMs, link);
    return true;
  }

  onHead(): void {}

  onData(_bytes: Uint8Array, start: number, end: number): void {
    this.#opened?.link.consume(this.#opened.stream, end - start);
  }

  onTrailers(): void {}

  onRoom(): void {}

  onTurn(): void {}

  onClosed(): void {
    this.#opened = undefined;
  }

  #ask(nowMs: number, link: TargetLink): void {
    // One that came to nothing though the target has said other things since: its handlers are all busy.
    this.#opened?.link.reset(this.#opened.stream, CANCEL);
    // No room for one more, or the target takes none: then a PING, much later, is all that is left.
    if (!link.isUsable) return;
    this.#askedMs = nowMs;
    this.#opened = link.open(this, this.#head);
    link.write(this.#opened.stream, REQUEST, 0, REQUEST.length, true);
  }
}
