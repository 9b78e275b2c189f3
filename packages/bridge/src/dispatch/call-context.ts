// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type Code,
  ConnectError,
  type ContextValues,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { readStart, StartView } from "@grpc-router/protocol";
import type { Call } from "../channel/call.js";
import type { CallEnd } from "../channel/call-end.js";
import { MetadataHeaders } from "./metadata-headers.js";
import { latin1, readRequestHeader } from "./request-header.js";

/** Why the signal of a call that has come to its end is aborted: one for all, as making it costs more than a small call. */
const overReason = new DOMException("The call is over", "AbortError");

/**
 * What user code learns about its call: Connect's `HandlerContext`. Headers, signal and values are made when they are
 * first read, because most handlers read none of them and `Headers` alone cost more than the whole call.
 */
export class CallContext implements HandlerContext {
  readonly #call: Call;
  #requestHeader: Headers | undefined;
  #responseHeader: MetadataHeaders | undefined;
  #responseTrailer: MetadataHeaders | undefined;
  #values: ContextValues | undefined;
  #controller: AbortController | undefined;
  /** Why the call was aborted. */
  #cause: CallEnd | undefined;
  #finished = false;

  constructor(call: Call) {
    this.#call = call;
  }

  get method(): DescMethod {
    return this.#call.method.desc;
  }

  get service(): DescService {
    return this.#call.method.service;
  }

  get requestMethod(): string {
    return "POST";
  }

  get protocolName(): string {
    return "grpc";
  }

  get url(): string {
    const { start, method, port } = this.#call;
    const view = new StartView();
    readStart(start, 0, start.length, view);
    const authority = latin1(start, view.authorityStart, view.authorityEnd) || "localhost";
    return `${port.scheme}://${authority}/${method.label}`;
  }

  get timeoutMs(): () => number | undefined {
    // A function of its own, because callers take it out of the context.
    const { deadlineMs, port } = this.#call;
    return () => (deadlineMs === Number.POSITIVE_INFINITY ? undefined : deadlineMs - port.nowMs());
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cause !== undefined) this.#controller.abort(this.abortReason);
      else if (this.#finished) this.#controller.abort(overReason);
    }
    return this.#controller.signal;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= readRequestHeader(this.#call.start);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new MetadataHeaders();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new MetadataHeaders();
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= createContextValues();
    return this.#values;
  }

  /** The response header if user code has touched it. */
  get touchedHeader(): Headers | undefined {
    return this.#responseHeader;
  }

  /** The response trailer if user code has touched it. */
  get touchedTrailer(): Headers | undefined {
    return this.#responseTrailer;
  }

  /** What the signal's reason is, or would be. */
  get abortReason(): unknown {
    const cause = this.#cause;
    // Codes of an abort are never 0, and all others are Connect's own.
    return cause && new ConnectError(cause.message, cause.code as Code);
  }

  /** Aborts the signal, now or when it is first read. */
  abort(cause: CallEnd): void {
    this.#cause ??= cause;
    this.#controller?.abort(this.abortReason);
  }

  /** The call is over: as Connect documents, the signal is aborted then, too. */
  finish(): void {
    this.#finished = true;
    if (this.#cause === undefined) this.#controller?.abort(overReason);
  }
}
