// SPDX-License-Identifier: Apache-2.0

import { type Call, CallPhase } from "../channel/call.js";
import type { ReplySource } from "../channel/call-handler.js";
import { failCall } from "../channel/call-life.js";
import { encodeReply, judgeSize, settleError, settleStream, takeHeader } from "./settle.js";

/**
 * Drives the response stream of one call: asks user code for the next message only when the last one is written and the
 * channel has room, so a slow reader at the far end stops the handler at its `yield`.
 */
export class ReplyPump implements ReplySource {
  readonly #call: Call;
  readonly #iterator: AsyncIterator<unknown>;
  /** User code works on the next message. */
  #pulling = false;
  #stopped = false;

  constructor(call: Call, iterable: AsyncIterable<unknown>) {
    this.#call = call;
    this.#iterator = iterable[Symbol.asyncIterator]();
  }

  /** Asks for the next message. */
  pull(): void {
    if (this.#pulling || this.#stopped) return;
    this.#pulling = true;
    let next: Promise<IteratorResult<unknown>>;
    try {
      next = Promise.resolve(this.#iterator.next());
    } catch (error) {
      next = Promise.reject(error);
    }
    next.then(this.#onNext, this.#onError);
  }

  /** Nobody wants the rest: lets user code run its `finally`, after what it is at. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (!this.#pulling) this.#leave();
  }

  readonly #onNext = (result: IteratorResult<unknown>): void => {
    this.#pulling = false;
    try {
      this.#take(result);
    } catch (error) {
      this.#onUnsendable(error);
    }
  };

  readonly #onError = (error: unknown): void => {
    this.#pulling = false;
    this.#stopped = true;
    settleError(this.#call, error);
  };

  #take(result: IteratorResult<unknown>): void {
    if (result.done === true) settleStream(this.#call);
    else if (this.#stopped) this.#leave();
    else this.#send(result.value);
  }

  #send(value: unknown): void {
    const call = this.#call;
    const message = encodeReply(call, value);
    const fault = takeHeader(call) ?? judgeSize(call, message);
    if (fault !== undefined) {
      failCall(call, fault);
      return;
    }
    call.message = message;
    call.messageSent = 0;
    call.port.ready(call);
  }

  /** What user code gave is no message, or no result at all: it ends as if it had thrown. */
  #onUnsendable(error: unknown): void {
    this.#stopped = true;
    settleError(this.#call, error);
    this.#leave();
  }

  #leave(): void {
    let left: Promise<unknown>;
    try {
      left = Promise.resolve(this.#iterator.return?.());
    } catch (error) {
      left = Promise.reject(error);
    }
    left.then(this.#onLeft, this.#onLeft);
  }

  /** Settled either way: a call that is being aborted has its End already, whatever a `finally` throws. */
  readonly #onLeft = (): void => {
    if (this.#call.phase !== CallPhase.begun) settleStream(this.#call);
  };
}
