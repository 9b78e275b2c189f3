// SPDX-License-Identifier: Apache-2.0
import { MESSAGE_PREFIX_BYTES, PAYLOAD_OVERHEAD, writeMessagePrefix } from "@grpc-router/protocol";
import type { BoundHook } from "../intercept/bound-hook.js";
import { hookAheadBytes } from "../limits.js";
import type { RouterStatus } from "../status/router-status.js";
import type { CallGate } from "./call-gate.js";
import type { Forwarder } from "./forwarder.js";
import { type GateSide, type MessageFault, MessageGate } from "./message-gate.js";

/** How a call ends for its client, once all that came before has passed. */
export type ReplyEnd = { readonly end: Uint8Array } | { readonly status: RouterStatus };

/** Messages that have passed and have places in the list of costs before it moves up. */
const maxPassedCosts = 256;

const prefix = new Uint8Array(MESSAGE_PREFIX_BYTES);

/**
 * The gate between an instance's frames and the client: the instance gets the credit of a message back when it has passed and
 * the client's writer has taken it, or, of a message that is still coming while nothing is before it, at once. The end of the
 * call waits behind messages that wait.
 */
export class ReplyGate implements GateSide {
  readonly maxMessageBytes: number;
  encoding = "";
  readonly #owner: CallGate;
  readonly #forwarder: Forwarder;
  readonly #gate: MessageGate;
  /** Cost of each message that waits, of which the credit is not returned; from `#first` on. */
  readonly #costs: number[] = [];
  #first = 0;
  #last: ReplyEnd | undefined = undefined;

  constructor(owner: CallGate, hook: BoundHook, forwarder: Forwarder) {
    const { call } = owner;
    this.#owner = owner;
    this.#forwarder = forwarder;
    this.maxMessageBytes = call.route.maxResponseMessageBytes;
    this.#gate = new MessageGate(this, hook, forwarder.context, call.client);
  }

  get hasRoom(): boolean {
    return (this.#owner.call.stream?.queuedBytes ?? 0) < hookAheadBytes;
  }

  /** Nothing that came waits. */
  get isIdle(): boolean {
    return this.#gate.isIdle;
  }

  /** The call is over but for what waits here. */
  get owesEnd(): boolean {
    return this.#last !== undefined;
  }

  /** `bytes[start, end)` are the next slice of a message, or, with its length, the first; -1: another one. */
  receive(messageSize: number, compressed: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#gate.isClosed) return;
    const { call } = this.#owner;
    // It goes to this client and no other attempt may follow, whenever that is.
    call.commit();
    const cost = end - start + PAYLOAD_OVERHEAD;
    if (messageSize < 0) this.#costs.push((this.#costs.pop() ?? 0) + cost);
    else {
      this.#costs.push(cost);
      this.#gate.push(prefix, 0, writeMessagePrefix(prefix, 0, compressed, messageSize));
    }
    this.#gate.push(bytes, start, end);
    if (call.client?.isOverfull === true) this.#forwarder.ending.overMemory(call, call.client);
    else this.#gate.pump();
  }

  /** The client has taken something. */
  pump(): void {
    this.#gate.pump();
  }

  /** Keeps how the call ends until what waits has passed. False: nothing waits. */
  keepEnd(last: ReplyEnd): boolean {
    if (this.#gate.isIdle) return false;
    this.#last = last;
    this.#countEnd(last, 1);
    return true;
  }

  close(): void {
    this.#gate.close();
    if (this.#last !== undefined) this.#countEnd(this.#last, -1);
    this.#last = undefined;
    this.#costs.length = 0;
    this.#first = 0;
  }

  // GateSide

  pass(framed: Uint8Array): void {
    this.#forwarder.replies.deliver(this.#owner.call, framed, this.#takeCost());
    // The end may queue behind what the client has not taken.
    if (this.#last !== undefined && this.#gate.isIdle) this.#finish(this.#last);
  }

  onIdle(): void {
    if (this.#last !== undefined) this.#finish(this.#last);
    else if (this.#costs.length > this.#first) {
      // The rest of the message may need all of the credit.
      const owed = this.#costs[this.#first] ?? 0;
      this.#costs[this.#first] = 0;
      const { call } = this.#owner;
      if (call.channel !== undefined) this.#forwarder.replies.credit.giveBack(call, call.channel, owed);
    }
  }

  onFault(fault: MessageFault): void {
    this.#owner.onFault(fault, "a response", this);
  }

  onThrown(hook: BoundHook, error: unknown): void {
    this.#owner.onThrown(hook, error, this.#gate.isClosed);
  }

  #takeCost(): number {
    const cost = this.#costs[this.#first++] ?? 0;
    if (this.#first === this.#costs.length || this.#first > maxPassedCosts) {
      this.#costs.splice(0, this.#first);
      this.#first = 0;
    }
    return cost;
  }

  #finish(last: ReplyEnd): void {
    const { call } = this.#owner;
    this.#owner.close();
    if ("end" in last) this.#forwarder.replies.tellEnd(call, last.end);
    else this.#forwarder.ending.answer(call, last.status);
  }

  #countEnd(last: ReplyEnd, times: number): void {
    const { client } = this.#owner.call;
    if (client !== undefined && "end" in last) client.keptBytes += times * last.end.length;
  }
}
