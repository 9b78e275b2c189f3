// SPDX-License-Identifier: Apache-2.0
import { copyOf, MESSAGE_PREFIX_BYTES, readMessageFlags, readMessageLength } from "@grpc-router/protocol";
import type { BoundHook } from "../intercept/bound-hook.js";
import type { ClientAccount } from "./client-account.js";
import type { ForwardContext } from "./forward-context.js";
import { OverflowQueue } from "./overflow-queue.js";

/** What is wrong with a message that a hook was to see. */
export type MessageFault =
  | { readonly kind: "flags" }
  /** `sizeBytes`; undefined: inflated it would be longer than the limit. */
  | { readonly kind: "size"; readonly sizeBytes: number | undefined }
  /** It is compressed, by something that cannot be undone here. */
  | { readonly kind: "encoding" }
  /** Its bytes are none of the encoding, or no message of the type. */
  | { readonly kind: "content"; readonly detail: string };

/** One direction of a call: what lies around its gate. */
export interface GateSide {
  /** Octets of a message at most, as it came and inflated. */
  readonly maxMessageBytes: number;
  /** What is behind the gate takes more now. */
  readonly hasRoom: boolean;
  /** What the sender calls the encoding of its compressed messages. */
  readonly encoding: string;
  /** The next message, with its prefix; what came of it may be returned. */
  pass(framed: Uint8Array): void;
  /** The gate has let go all that is whole; `waiting` octets of a message are here. */
  onIdle(waiting: number): void;
  /** The next message cannot be shown to the hook, so neither it nor anything behind it passes. */
  onFault(fault: MessageFault): void;
  /** The hook has failed: the same. */
  onThrown(hook: BoundHook, error: unknown): void;
}

/** Of `#nextSize`: no message is here as a whole. */
const INCOMPLETE = -1;
const prefix = new Uint8Array(MESSAGE_PREFIX_BYTES);
const gzip = "gzip";

/**
 * Where the messages of one direction of a call wait for their hook: it gets them one at a time and in their order, assembled
 * and inflated, and what it says goes on. All that waits counts as memory of the client's connection; how much that can be is
 * the sender's window, or its credit, and one message, which a hook may have inflated.
 */
export class MessageGate {
  readonly #side: GateSide;
  readonly #hook: BoundHook;
  readonly #context: ForwardContext;
  readonly #client: ClientAccount | undefined;
  readonly #waits = new OverflowQueue();
  /** Octets of the message for which the hook has promised an answer: as it came, or inflated if that is more. 0: there is none. */
  #askedBytes = 0;
  #isPumping = false;
  #isClosed = false;

  constructor(side: GateSide, hook: BoundHook, context: ForwardContext, client: ClientAccount | undefined) {
    this.#side = side;
    this.#hook = hook;
    this.#context = context;
    this.#client = client;
  }

  /** Octets that wait, but for the message that the hook has. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** `close` was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** No message is with the hook or waits for it as a whole. */
  get isIdle(): boolean {
    return this.#isClosed || (this.#askedBytes === 0 && this.#nextSize() === INCOMPLETE);
  }

  /** Adds octets of messages with their prefixes, in any pieces. `pump` follows. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isClosed) return;
    const before = this.#waits.allocatedBytes;
    this.#waits.append(bytes, start, end);
    this.#count(this.#waits.allocatedBytes - before);
  }

  /** Shows the hook what is whole, as long as there is room for what it says. */
  pump(): void {
    // What is behind the gate may call from within `pass`.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isClosed && this.#askedBytes === 0 && this.#side.hasRoom) {
      const size = this.#nextSize();
      if (size === INCOMPLETE) {
        this.#side.onIdle(this.#waits.size);
        break;
      }
      const fault = this.#faultOf(size - MESSAGE_PREFIX_BYTES);
      if (fault !== undefined) this.#side.onFault(fault);
      else this.#show(this.#take(size));
    }
    this.#isPumping = false;
  }

  /** Nothing passes any more, whatever the hook still says. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const before = this.#waits.allocatedBytes;
    this.#waits.clear();
    this.#count(-before);
    this.#setAsked(0);
  }

  /** Octets of the next message with its prefix, if it is whole, or so long, or so wrong, that it need not be. */
  #nextSize(): number {
    if (this.#waits.size < MESSAGE_PREFIX_BYTES) return INCOMPLETE;
    this.#waits.copyTo(prefix, 0, MESSAGE_PREFIX_BYTES);
    const length = readMessageLength(prefix, 0);
    const size = MESSAGE_PREFIX_BYTES + length;
    if (readMessageFlags(prefix, 0) > 1 || length > this.#side.maxMessageBytes) return size;
    return this.#waits.size < size ? INCOMPLETE : size;
  }

  /** `prefix` is that of the next message. */
  #faultOf(length: number): MessageFault | undefined {
    const flags = readMessageFlags(prefix, 0);
    if (flags > 1) return { kind: "flags" };
    if (length > this.#side.maxMessageBytes) return { kind: "size", sizeBytes: length };
    const isOpaque = flags === 1 && (this.#side.encoding !== gzip || this.#context.inflate === undefined);
    return isOpaque ? { kind: "encoding" } : undefined;
  }

  #take(size: number): Uint8Array {
    const framed = new Uint8Array(size);
    const before = this.#waits.allocatedBytes;
    this.#waits.moveTo(framed, 0, size);
    this.#count(this.#waits.allocatedBytes - before);
    return framed;
  }

  #show(framed: Uint8Array): void {
    const plain = this.#plain(framed);
    if (plain === undefined) return;
    const message = this.#hook.decode(plain);
    if (message === undefined) {
      this.#side.onFault({ kind: "content", detail: `it must be a ${this.#hook.typeName} for ${this.#hook.name}` });
      return;
    }
    let answer: unknown;
    try {
      answer = this.#hook.ask(message);
      if (isPromiseLike(answer)) {
        this.#await(framed, Math.max(framed.length, plain.length), Promise.resolve(answer));
        return;
      }
    } catch (error) {
      this.#side.onThrown(this.#hook, error);
      return;
    }
    this.#settle(framed, answer);
  }

  /** The hook gets bytes of its own: the message that it sees may refer to them, and those that came must stay as they are. */
  #plain(framed: Uint8Array): Uint8Array | undefined {
    if (readMessageFlags(framed, 0) === 0) return copyOf(framed, MESSAGE_PREFIX_BYTES, framed.length);
    let plain: Uint8Array | undefined;
    try {
      plain = this.#context.inflate?.(framed.subarray(MESSAGE_PREFIX_BYTES), this.#side.maxMessageBytes);
    } catch {
      this.#side.onFault({ kind: "content", detail: "it must be gzip, as its grpc-encoding says" });
      return undefined;
    }
    if (plain === undefined) {
      this.#side.onFault({ kind: "size", sizeBytes: undefined });
      return undefined;
    }
    // A hook gets no kind of bytes but the plain one.
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
  }

  #await(framed: Uint8Array, sizeBytes: number, answer: Promise<unknown>): void {
    this.#setAsked(sizeBytes);
    answer.then(
      (value) => {
        if (!this.#resume()) return;
        this.#settle(framed, value);
        this.pump();
      },
      (error: unknown) => {
        this.#resume();
        this.#side.onThrown(this.#hook, error);
      },
    );
  }

  /** The hook has answered. False: nobody waits for it any more. */
  #resume(): boolean {
    // No read callback has set it.
    this.#context.clock.nowMs();
    if (this.#isClosed) return false;
    this.#setAsked(0);
    return true;
  }

  #setAsked(sizeBytes: number): void {
    this.#count(sizeBytes - this.#askedBytes);
    this.#askedBytes = sizeBytes;
  }

  #settle(framed: Uint8Array, answer: unknown): void {
    let passed = framed;
    if (answer !== undefined) {
      try {
        passed = this.#hook.encode(answer);
      } catch (error) {
        this.#side.onThrown(this.#hook, error);
        return;
      }
    }
    this.#side.pass(passed);
  }

  #count(change: number): void {
    if (this.#client !== undefined) this.#client.keptBytes += change;
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
