// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { CallMetadata } from "./call-metadata.js";

/** A call before it is routed, for code around it; its messages stay as they are. */
export interface InterceptedCall {
  /** The method called, with its service. */
  readonly method: DescMethod;
  /** Request metadata; what is changed before `next` is what the instance gets. */
  readonly metadata: CallMetadata;
  /** Address of the caller's end of the connection. */
  readonly peerAddress: string;
  /** Milliseconds left until its deadline; `Infinity`: none. */
  readonly remainingMs: number;
  /** Attempts that the caller made before (`grpc-previous-rpc-attempts`). */
  readonly previousAttempts: number;
}

/** How a call ended. The caller has been told already; an interceptor that never calls `next` makes its own. */
export interface CallResult {
  /** gRPC status code. */
  readonly code: number;
  /** Status message. */
  readonly message: string;
  /** Trailing metadata. */
  readonly trailers: CallMetadata;
  /** Attempts that were made; 0: no instance had it. */
  readonly attempts: number;
}

/** Runs a call. */
export type CallRun = (call: InterceptedCall) => Promise<CallResult>;

/**
 * Code around calls: it may look at them and change their metadata before `next`, refuse them by throwing a `CallError`
 * (or what has the code of one) or by answering without `next`, and look at the result after. A call costs a promise for
 * it, and waits for it; a method without interceptors costs nothing.
 *
 * @example
 * const logCalls: CallInterceptor = (next) => async (call) => {
 *   const result = await next(call);
 *   console.log(call.method.name, result.code);
 *   return result;
 * };
 */
export type CallInterceptor = (next: CallRun) => CallRun;
