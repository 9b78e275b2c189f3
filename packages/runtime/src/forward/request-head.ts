// SPDX-License-Identifier: Apache-2.0
import type { Target } from "../registry/target.js";

/** The verb of a request, as far as the router tells them apart. */
export const Verb = { other: 0, post: 1, get: 2 } as const;
export type Verb = (typeof Verb)[keyof typeof Verb];

/** What `content-type` says. */
export const ContentType = {
  /** Missing, or not gRPC. */
  other: 0,
  /** `application/grpc`. */
  grpc: 1,
  /** `application/grpc+proto`. */
  grpcProto: 2,
  /** `application/grpc` with another subtype; its messages are no protobuf that the channel could type. */
  grpcSubtype: 3,
} as const;
export type ContentType = (typeof ContentType)[keyof typeof ContentType];

/** What keeps a request to a known path from being a call. */
export const HeadFault = {
  none: 0,
  /** `grpc-timeout` is not one to eight digits and a unit. */
  timeout: 1,
  /** More metadata than the channel carries. */
  metadataTooLarge: 2,
} as const;
export type HeadFault = (typeof HeadFault)[keyof typeof HeadFault];

/** Whether the caller wants to wait for an instance. */
export const WaitForReady = { unset: 0, yes: 1, no: 2 } as const;
export type WaitForReady = (typeof WaitForReady)[keyof typeof WaitForReady];

/**
 * The head of a request, without strings: what routing needs as numbers and references, all else as bytes that are
 * ready for the channel.
 */
export class RequestHead {
  verb: Verb = Verb.other;
  /** Where the path leads; undefined if nowhere. */
  target: Target | undefined = undefined;
  /** The path that leads nowhere, for the answer; cut at 200 bytes. */
  path = "";
  contentType: ContentType = ContentType.other;
  /** The `content-type` to answer with; set with `ContentType.grpcSubtype`. */
  contentTypeText = "";
  fault: HeadFault = HeadFault.none;
  /** Microseconds; -1: no deadline. */
  timeoutUs = -1;
  /** `grpc-previous-rpc-attempts`: attempts of the caller that may have run. */
  previousAttempts = 0;
  waitForReady: WaitForReady = WaitForReady.unset;
  /** The metadata has a `traceparent` or a `grpc-trace-bin`. */
  hasTraceContext = false;
  /** `rest[0, restEnd)`: fields 3 to 7 of a CallStart (metadata, authority, encodings, subtype), encoded. */
  rest: Uint8Array;
  restEnd = 0;
  /** The record never changes any more (it comes from the block cache), so its bytes need not be copied. */
  kept = false;

  constructor(rest: Uint8Array) {
    this.rest = rest;
  }

  /** Back to an empty head. */
  clear(): void {
    this.verb = Verb.other;
    this.target = undefined;
    this.path = "";
    this.contentType = ContentType.other;
    this.contentTypeText = "";
    this.fault = HeadFault.none;
    this.timeoutUs = -1;
    this.previousAttempts = 0;
    this.waitForReady = WaitForReady.unset;
    this.hasTraceContext = false;
    this.restEnd = 0;
  }

  /** A copy that owns its bytes and never changes. */
  keep(): RequestHead {
    const copy = new RequestHead(this.rest.slice(0, this.restEnd));
    copy.verb = this.verb;
    copy.target = this.target;
    copy.path = this.path;
    copy.contentType = this.contentType;
    copy.contentTypeText = this.contentTypeText;
    copy.fault = this.fault;
    copy.timeoutUs = this.timeoutUs;
    copy.previousAttempts = this.previousAttempts;
    copy.waitForReady = this.waitForReady;
    copy.hasTraceContext = this.hasTraceContext;
    copy.restEnd = this.restEnd;
    copy.kept = true;
    return copy;
  }
}
