// SPDX-License-Identifier: Apache-2.0
import type { Connection, Stream } from "@grpc-router/http2";
import { HeaderView, readHeader, readStart, StartView, stackOf } from "@grpc-router/protocol";
import type { BoundHook, BoundHooks } from "../intercept/bound-hook.js";
import { statusOfError } from "../intercept/call-error.js";
import type { CallRecord } from "./call-record.js";
import type { Forwarder } from "./forwarder.js";
import type { GateSide, MessageFault } from "./message-gate.js";
import { type ReplyEnd, ReplyGate } from "./reply-gate.js";
import { RequestGate } from "./request-gate.js";
import type { StreamHandler, StreamUser } from "./stream-user.js";

const startView = new StartView();
const headerView = new HeaderView();
const decoder = new TextDecoder();

/**
 * The messages of one call of a method with hooks:
 *
 * ```
 *   client stream ──▶ RequestGate ──▶ RequestForwarder ──▶ channel
 *   client stream ◀── ReplyForwarder ◀── ReplyGate ◀── ReplyForwarder ◀── channel
 * ```
 *
 * It stands where the call's record stands for all others: as the user of the client's stream, and as whoever takes back its
 * window. So calls without hooks do not know of it.
 */
export class CallGate implements StreamHandler, Pick<Connection<StreamUser>, "consume"> {
  /** The record that has the client's side. */
  call: CallRecord;
  readonly requests: RequestGate | undefined;
  readonly replies: ReplyGate | undefined;
  readonly #forwarder: Forwarder;
  readonly #path: string;

  /** `call` has just come, with its head. */
  constructor(call: CallRecord, hooks: BoundHooks, forwarder: Forwarder) {
    this.call = call;
    this.#path = call.route.path;
    this.#forwarder = forwarder;
    const { request, response } = hooks;
    this.requests = request && new RequestGate(this, request, forwarder, encodingOf(call));
    this.replies = response && new ReplyGate(this, response, forwarder);
    call.attemptState.gate = this;
    call.source = this;
    if (call.stream !== undefined) call.stream.data = this;
  }

  /** Messages for the client are with a hook, or wait for it. */
  get holdsReplies(): boolean {
    return this.replies?.isIdle === false;
  }

  /** The client's answer is known, and waits for hooks. */
  get owesEnd(): boolean {
    return this.replies?.owesEnd === true;
  }

  /**
   * No instance has the call any more, and it ends like this for the client once messages that hooks still have are there.
   * False: they have none.
   */
  keepEnd(end: ReplyEnd): boolean {
    const { call } = this;
    if (this.replies?.keepEnd(end) !== true) return false;
    this.requests?.close();
    call.execution = "started";
    if (call.deadlineMs !== Number.POSITIVE_INFINITY) this.#forwarder.context.wheel.insert(call, call.deadlineMs);
    return true;
  }

  /** The call is over for its client. */
  close(): void {
    const { call } = this;
    // Its deadline, which counts as long as the client waits.
    if (this.owesEnd && call.wheelSlot >= 0) this.#forwarder.context.wheel.remove(call);
    this.requests?.close();
    this.replies?.close();
  }

  // Of the client's stream

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.requests === undefined) this.#forwarder.requests.receive(this.call, bytes, start, end, endStream);
    else this.requests.receive(bytes, start, end, endStream);
  }

  onSent(): void {
    this.#forwarder.replies.credit.onSent(this.call);
    this.replies?.pump();
  }

  onRoom(): void {}

  onClosed(): void {
    this.close();
    this.#forwarder.ending.clientGone(this.call);
  }

  /** Window of `count` octets of the request comes back from whoever took them. */
  consume(stream: Stream<StreamUser>, count: number): void {
    if (this.requests === undefined) this.call.connection?.consume(stream, count);
    else this.requests.taken(count);
  }

  // Of the instance

  /** The Header `bytes[start, end)` of the response has come. */
  noteHeader(bytes: Uint8Array, start: number, end: number): void {
    if (this.replies === undefined) return;
    readHeader(bytes, start, end, headerView);
    this.replies.encoding = decoder.decode(bytes.subarray(headerView.encodingStart, headerView.encodingEnd));
  }

  // Of its sides

  onFault(fault: MessageFault, direction: string, { maxMessageBytes, encoding }: GateSide): void {
    const { ending } = this.#forwarder;
    const method = this.#path;
    switch (fault.kind) {
      case "flags":
        this.refuseMessage("its flags must be 0 or 1");
        return;
      case "size": {
        const size = fault.sizeBytes ?? "more when inflated";
        ending.fail(this.call, "MESSAGE_TOO_LARGE", { method, direction, limit: maxMessageBytes, size });
        return;
      }
      case "encoding": {
        const detail = `its hooks read messages that are plain or gzip, received ${encoding || "no encoding"} for ${direction}`;
        ending.fail(this.call, "CALL_UNSUPPORTED", { method, detail });
        return;
      }
      default:
        this.refuseMessage(fault.detail);
    }
  }

  refuseMessage(detail: string): void {
    this.#forwarder.ending.fail(this.call, "BAD_MESSAGE", { method: this.#path, detail });
  }

  /**
   * The status in what a hook has thrown is the call's; all else is a fault of the program, which costs this call alone.
   * `isLate`: nothing comes of what the hook says, so the call ends as it would have.
   */
  onThrown({ name }: BoundHook, error: unknown, isLate: boolean): void {
    const { call } = this;
    const { ending, context } = this.#forwarder;
    const method = this.#path;
    const status = statusOfError(error);
    if (status !== undefined) {
      if (!isLate) ending.refuse(call, status);
      return;
    }
    context.logger.log("error", "policy_failed", `${name} of ${method} threw: ${stackOf(error)}`, { method });
    if (isLate) context.counters.reasons.POLICY_FAILED++;
    else ending.fail(call, "POLICY_FAILED", { method, policy: name });
  }
}

/** What the Start says of compressed requests, which is the call's for good. */
function encodingOf({ rest, restEnd }: CallRecord): string {
  readStart(rest, 0, restEnd, startView);
  // Of nearly all calls, and a decoder takes its time for nothing, too.
  if (startView.encodingStart === startView.encodingEnd) return "";
  return decoder.decode(rest.subarray(startView.encodingStart, startView.encodingEnd));
}
