// SPDX-License-Identifier: Apache-2.0
import { create, type DescMethod, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CallStartSchema, MetadataEntrySchema } from "@grpc-router/protocol";
import type { CallRecord } from "../forward/call-record.js";
import type { CallResult, InterceptedCall } from "./call-interceptor.js";
import { bytesOf, CallMetadata, fieldOf } from "./call-metadata.js";

/** A call in the hands of interceptors: what they see of it, and what they wait for. */
export class PendingCall implements InterceptedCall {
  readonly method: DescMethod;
  readonly metadata: CallMetadata;
  readonly peerAddress: string;
  readonly previousAttempts: number;
  /** Undefined once it has ended. */
  call: CallRecord | undefined;
  /** `next` was called: it is routed. */
  released = false;
  readonly result: Promise<CallResult>;
  /** Tells how it ended. */
  readonly settle: (result: CallResult) => void;
  readonly #nowMs: () => number;

  constructor(call: CallRecord, method: DescMethod, peerAddress: string, nowMs: () => number) {
    this.call = call;
    this.method = method;
    this.peerAddress = peerAddress;
    this.previousAttempts = call.previousAttempts;
    this.#nowMs = nowMs;
    const start = fromBinary(CallStartSchema, call.rest.subarray(0, call.restEnd));
    this.metadata = new CallMetadata(start.metadata.map(({ name, value }) => fieldOf(name, value)));
    const { promise, resolve } = Promise.withResolvers<CallResult>();
    this.result = promise;
    this.settle = resolve;
  }

  get remainingMs(): number {
    return (this.call?.deadlineMs ?? 0) - this.#nowMs();
  }

  /** Puts changed metadata where the Start takes it from. */
  writeMetadata(call: CallRecord): void {
    if (!this.metadata.changed) return;
    const start = fromBinary(CallStartSchema, call.rest.slice(0, call.restEnd));
    start.metadata = Array.from(this.metadata, (field) => {
      return create(MetadataEntrySchema, { name: field[0], value: bytesOf(field) });
    });
    call.replaceHead(toBinary(CallStartSchema, start));
  }
}
