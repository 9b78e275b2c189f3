// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type CallHead,
  CallSchema,
  CallStartSchema,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameView,
  type Hello,
  INITIAL_CREDIT,
  type ReplyHeadSchema,
  type RouterControl,
  readFragment,
  readFrame,
  StatusCode,
} from "@grpc-router/protocol";
import type { TestCall } from "../test-call.js";
import { ForeignCall } from "./foreign-call.js";
import { type FramePayload, replyFrame } from "./frames-out.js";
import type { SimProcess } from "./sim-process.js";
import type { SimService } from "./sim-service.js";
import type { UserCode } from "./user-code.js";

/** Parts of a `ForeignChannel`. */
export interface ForeignChannelParts {
  readonly process: SimProcess;
  readonly service: SimService;
  readonly code: UserCode;
  /** The Register stream. */
  readonly register: TestCall;
  readonly hello: Hello;
  /** The router wants no more of it: a reason, and whether the channel is over. */
  onEnd(reason: string, isOver: boolean): void;
}

/** `Cancel.Mode`. */
const deadlineMode = 2;
const frame = new FrameView();
const fragment = new FragmentView();

/** A registration channel from the instance's side, written after docs/channel.md with protobuf's general decoder. */
export class ForeignChannel {
  readonly process: SimProcess;
  readonly code: UserCode;
  readonly isTyped: boolean;
  replyCredit = INITIAL_CREDIT;
  readonly #parts: ForeignChannelParts;
  readonly #calls = new Map<number, ForeignCall>();
  #read = 0;
  #lastStart = 0;
  #mark = 0;
  #isDraining = false;
  #hasLeft = false;
  #isOver = false;

  constructor(parts: ForeignChannelParts) {
    this.#parts = parts;
    this.process = parts.process;
    this.code = parts.code;
    this.isTyped = parts.hello.methods.some(({ typed }) => typed);
    this.send({ control: { kind: { case: "hello", value: parts.hello } } });
  }

  /** The transport does not take what was written. */
  get isBlocked(): boolean {
    return this.#parts.register.queuedBytes > 0;
  }

  /** It takes calls. */
  get isOpen(): boolean {
    return !this.#isDraining && !this.#isOver;
  }

  send(head: MessageInitShape<typeof ReplyHeadSchema>, payload: FramePayload = {}): void {
    if (!this.#isOver && !this.#hasLeft) this.#parts.register.send(replyFrame(head, payload));
  }

  /** User code begins for a call. */
  accept(id: number): void {
    this.#mark = Math.max(this.#mark, id);
    this.send({ acceptedThrough: BigInt(this.#mark) });
  }

  /** A call has ended. */
  forget(call: ForeignCall): void {
    this.#calls.delete(call.id);
    this.#leaveIfDone();
  }

  /** Takes no call behind the last one it has read, and leaves when all have ended. */
  drain(): void {
    if (!this.isOpen) return;
    this.#isDraining = true;
    const drain = { reason: "INSTANCE_DRAINING", lastCallId: BigInt(this.#lastStart), graceMs: 0 };
    this.send({ control: { kind: { case: "drain", value: drain } } });
    this.#leaveIfDone();
  }

  /** The connection is gone, or the router has ended the stream. */
  lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const call of [...this.#calls.values()]) call.abort();
    this.#calls.clear();
  }

  /** Takes what has come. */
  look(): void {
    const { register, onEnd } = this.#parts;
    for (; this.#read < register.messages.length && !this.#isOver; this.#read++) {
      this.#take(register.messages[this.#read]?.bytes ?? new Uint8Array());
    }
    if (!register.closed || this.#isOver) return;
    this.lose();
    onEnd(register.status?.details?.errorInfo?.reason ?? "", true);
  }

  #take(bytes: Uint8Array): void {
    const { head } = fromBinary(CallSchema, bytes);
    if (head === undefined) throw new Error("Cannot take a frame: it must have a head");
    if (head.control !== undefined) this.#control(head.control);
    const id = Number(head.callId);
    if (head.start !== undefined) this.#start(id, head.start);
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (head.cancel !== undefined) {
      call.cancel(head.cancel.mode === deadlineMode ? StatusCode.deadlineExceeded : StatusCode.cancelled);
    }
    if (head.credit > 0) call.credit(head.credit);
    this.#payload(call, bytes);
    if (head.halfClose) call.halfClose();
  }

  #start(id: number, start: CallHead["start"]): void {
    this.#lastStart = id;
    const method = this.#parts.service.methods.find(({ number }) => number === start?.method);
    // What crosses its own Drain is not for this instance; a router writes none behind one of its own.
    if (this.#isDraining) return;
    if (method === undefined) throw new Error("Cannot take a call: its method must be in the hello");
    const call = new ForeignCall(this, id, create(CallStartSchema, start), method);
    this.#calls.set(id, call);
    call.open();
  }

  #payload(call: ForeignCall, bytes: Uint8Array): void {
    readFrame(bytes, 0, bytes.length, frame);
    const { payloadNumber, payloadStart, payloadEnd } = frame;
    if (payloadNumber === 0) return;
    if (payloadNumber !== FRAGMENT_NUMBER) {
      call.receive(bytes.slice(payloadStart, payloadEnd), 0, false);
      return;
    }
    readFragment(bytes, payloadStart, payloadEnd, fragment);
    const { dataStart, dataEnd, remaining, compressed } = fragment;
    call.receive(bytes.slice(dataStart, dataEnd), remaining, compressed);
  }

  #control({ kind }: RouterControl): void {
    switch (kind.case) {
      case "welcome":
        this.replyCredit = kind.value.initialCredit || INITIAL_CREDIT;
        return;
      case "ping":
        this.send({
          control: { kind: { case: "pong", value: { token: kind.value.token, frames: BigInt(this.#read + 1) } } },
        });
        return;
      case "drain":
        this.#isDraining = true;
        this.#parts.onEnd(kind.value.reason, false);
        this.#leaveIfDone();
        return;
      default:
    }
  }

  #leaveIfDone(): void {
    if (!this.#isDraining || this.#calls.size > 0 || this.#isOver || this.#hasLeft) return;
    this.#hasLeft = true;
    this.#parts.register.halfClose();
  }
}
