// SPDX-License-Identifier: Apache-2.0
import type { FrameTrace } from "../trace/frame-trace.js";
import type { ConnectionContext } from "./connection-context.js";

/** Who looks on at a connection. One that nobody looks at has none. */
export class ConnectionTraces {
  #list: readonly FrameTrace[] = [];
  /** Those of them that see what is sent as soon as nothing is left that was encoded before they came. */
  #waiting: readonly FrameTrace[] = [];

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  /** Of a connection on which nothing has happened. */
  begin(trace: FrameTrace): void {
    this.#list = [...this.#list, trace];
  }

  /** In the middle of a connection: the trace gets the state of both header tables, and the frame that is not whole yet. */
  join<Head, Data>(context: ConnectionContext<Head, Data>, trace: FrameTrace): void {
    const { decoder, limits, block, carry, unread } = context;
    trace.joinReceived({ table: decoder.table, tableLimit: limits.headerTableBytes, block });
    trace.received(carry.bytes, 0, carry.length);
    trace.received(unread.bytes, unread.start, unread.end);
    this.#list = [...this.#list, trace];
    this.#waiting = [...this.#waiting, trace];
    if (context.output.pending === 0) this.#joinSent(context);
  }

  leave(trace: FrameTrace): void {
    this.#list = this.#list.filter((other) => other !== trace);
    this.#waiting = this.#waiting.filter((other) => other !== trace);
  }

  received(bytes: Uint8Array, start: number, end: number): void {
    for (const trace of this.#list) trace.received(bytes, start, end);
  }

  /** The output `bytes[0, end)`, whole frames, is taken. */
  sent<Head, Data>(context: ConnectionContext<Head, Data>, bytes: Uint8Array, end: number): void {
    for (const trace of this.#list) if (!this.#waiting.includes(trace)) trace.sent(bytes, 0, end);
    if (this.#waiting.length > 0 && context.output.pending === 0) this.#joinSent(context);
  }

  #joinSent<Head, Data>({ encoder }: ConnectionContext<Head, Data>): void {
    const block = encoder.describeTable();
    for (const trace of this.#waiting) trace.joinSent(block);
    this.#waiting = [];
  }
}
