// SPDX-License-Identifier: Apache-2.0

import type { BoundHook } from "../intercept/bound-hook.js";
import { hookAheadBytes } from "../limits.js";
import type { CallGate } from "./call-gate.js";
import type { Forwarder } from "./forwarder.js";
import { type GateSide, type MessageFault, MessageGate } from "./message-gate.js";

const nothing = new Uint8Array(0);

/**
 * The gate between a client's stream and what takes requests to instances. It stands for the client there: what is behind it
 * gives the window of what it has taken to the gate, in octets of what the hook let go, and the client gets its own, in octets
 * of what it sent, when a message has passed. So each is exact, whatever the lengths.
 */
export class RequestGate implements GateSide {
  readonly maxMessageBytes: number;
  readonly encoding: string;
  readonly #owner: CallGate;
  readonly #forwarder: Forwarder;
  readonly #gate: MessageGate;
  /** Octets that came and whose window the client does not have back. */
  #unreturned = 0;
  /** Octets that passed and were not taken. */
  #ahead = 0;
  #ended = false;
  #endPassed = false;
  /** `#resume` is to run. */
  #isDue = false;

  constructor(owner: CallGate, hook: BoundHook, forwarder: Forwarder, encoding: string) {
    const { call } = owner;
    this.#owner = owner;
    this.#forwarder = forwarder;
    this.maxMessageBytes = call.route.maxRequestMessageBytes;
    this.encoding = encoding;
    this.#gate = new MessageGate(this, hook, forwarder.context, call.client);
  }

  get hasRoom(): boolean {
    return this.#ahead < hookAheadBytes && !this.#forwarder.interceptions.holds(this.#owner.call);
  }

  /** `bytes[start, end)` of the request came; `ended`: they are the last. */
  receive(bytes: Uint8Array, start: number, end: number, ended: boolean): void {
    const { call } = this.#owner;
    this.#unreturned += end - start;
    if (this.#gate.isClosed) {
      this.#returnWindow(0);
      return;
    }
    if (ended) this.#ended = true;
    this.#gate.push(bytes, start, end);
    if (call.client?.isOverfull === true) this.#forwarder.ending.overMemory(call, call.client);
    else this.#gate.pump();
  }

  pump(): void {
    this.#gate.pump();
  }

  /** What is behind the gate has taken `count` octets. It may be writing just now, so nothing more comes before it has done. */
  taken(count: number): void {
    this.#ahead -= count;
    if (this.#isDue || this.#gate.isClosed || this.#endPassed || this.#ahead >= hookAheadBytes) return;
    if (this.#gate.waiting === 0 && !this.#ended) return;
    this.#isDue = true;
    this.#forwarder.context.clock.defer(this.#resume);
  }

  close(): void {
    if (this.#gate.isClosed) return;
    this.#gate.close();
    this.#returnWindow(0);
  }

  // GateSide

  pass(framed: Uint8Array): void {
    const isLast = this.#ended && this.#gate.waiting === 0;
    if (isLast) this.#endPassed = true;
    this.#ahead += framed.length;
    this.#forwarder.requests.receive(this.#owner.call, framed, 0, framed.length, isLast);
    this.#returnWindow(this.#gate.waiting);
  }

  onIdle(waiting: number): void {
    if (!this.#ended) {
      // The rest of the message may need all of the window.
      this.#returnWindow(0);
      return;
    }
    if (this.#endPassed) return;
    this.#endPassed = true;
    const { call } = this.#owner;
    if (waiting === 0) this.#forwarder.requests.receive(call, nothing, 0, 0, true);
    else this.#owner.refuseMessage("the request ended inside a message");
  }

  onFault(fault: MessageFault): void {
    this.#owner.onFault(fault, "a request", this);
  }

  onThrown(hook: BoundHook, error: unknown): void {
    this.#owner.onThrown(hook, error, this.#gate.isClosed);
  }

  readonly #resume = (): void => {
    this.#isDue = false;
    this.#gate.pump();
  };

  /** The client gets its window back for all that came but the last `kept` octets. */
  #returnWindow(kept: number): void {
    const count = this.#unreturned - kept;
    const { connection, stream } = this.#owner.call;
    if (count <= 0) return;
    this.#unreturned = kept;
    if (connection !== undefined && stream !== undefined) connection.consume(stream, count);
  }
}
