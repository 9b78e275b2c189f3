// SPDX-License-Identifier: Apache-2.0
import {
  acquireBytes,
  KeyHash,
  MESSAGE_PREFIX_BYTES,
  readMessageFlags,
  readMessageLength,
  readStart,
  releaseBytes,
  StartView,
  stackOf,
} from "@grpc-router/protocol";
import type { CallRecord } from "./call-record.js";
import type { ForwardContext } from "./forward-context.js";
import type { Forwarder } from "./forwarder.js";

const hash = new KeyHash();
const view = new StartView();
const gzip = "gzip";

/**
 * Reads the keys of calls, by which balancers keep calls together: from metadata when the head is there, from the first
 * message before the call is placed. Only routes with a key ever get here.
 */
export class CallKeys {
  readonly #context: ForwardContext;
  readonly #forwarder: Forwarder;

  constructor(forwarder: Forwarder) {
    this.#context = forwarder.context;
    this.#forwarder = forwarder;
  }

  /** The head is there. */
  readHead(call: CallRecord): void {
    const { key } = call.route;
    if (key === undefined || key.needsMessage) return;
    this.#set(call, key.hashMetadata(call.rest, call.restEnd, hash));
  }

  /** The first message is `bytes[start, end)`, plain. False: the call is over. */
  readMessage(call: CallRecord, bytes: Uint8Array, start: number, end: number): boolean {
    const { key } = call.route;
    if (key === undefined || call.attemptState.keyRead) return true;
    try {
      this.#set(call, key.hashMessage(bytes, start, end, hash));
      return true;
    } catch (error) {
      this.#fail(call, error);
      return false;
    }
  }

  /** The first message is in the log, whole unless the request ended before. False: the call is over. */
  readLog(call: CallRecord): boolean {
    const { log } = call;
    if (call.attemptState.keyRead) return true;
    if (log.held < MESSAGE_PREFIX_BYTES) return this.#none(call);
    const size = MESSAGE_PREFIX_BYTES + readMessageLength(log.bytes, 0);
    // What is no message, or not whole, the sender refuses.
    if (log.held < size || size - MESSAGE_PREFIX_BYTES > call.route.maxRequestMessageBytes) return this.#none(call);
    if (log.end >= size) return this.#readWhole(call, log.bytes, size);
    const whole = acquireBytes(size);
    log.copyTo(whole, size);
    const isOpen = this.#readWhole(call, whole, size);
    releaseBytes(whole);
    return isOpen;
  }

  #readWhole(call: CallRecord, bytes: Uint8Array, size: number): boolean {
    if (readMessageFlags(bytes, 0) === 0) return this.readMessage(call, bytes, MESSAGE_PREFIX_BYTES, size);
    const plain = this.#inflate(call, bytes.slice(MESSAGE_PREFIX_BYTES, size));
    return plain === undefined ? this.#none(call) : this.readMessage(call, plain, 0, plain.length);
  }

  /** Undefined for what cannot be read here; then the call has no key. */
  #inflate(call: CallRecord, bytes: Uint8Array): Uint8Array | undefined {
    readStart(call.rest, 0, call.restEnd, view);
    const encoding = call.rest.subarray(view.encodingStart, view.encodingEnd);
    if (String.fromCharCode(...encoding) !== gzip) return undefined;
    try {
      return this.#context.inflate?.(bytes, call.route.maxRequestMessageBytes);
    } catch {
      return undefined;
    }
  }

  #none(call: CallRecord): true {
    this.#set(call, false);
    return true;
  }

  #set(call: CallRecord, hasKey: boolean): void {
    const state = call.attemptState;
    state.keyRead = true;
    state.hasKey = hasKey;
    state.keyHigh = hash.high;
    state.keyLow = hash.low;
  }

  /** The program's own function has thrown: its mistake costs its call, and nothing else. */
  #fail(call: CallRecord, error: unknown): void {
    const method = call.route.path;
    this.#context.logger.log("error", "policy_failed", `The route key of ${method} threw: ${stackOf(error)}`, {
      method,
    });
    this.#forwarder.ending.fail(call, "POLICY_FAILED", { method, policy: "route key" });
  }
}
