// SPDX-License-Identifier: Apache-2.0

import type { Message } from "@bufbuild/protobuf";
import type { StartView } from "@grpc-router/protocol";
import { type Call, executionOf } from "../channel/call.js";
import { type CallEnd, encodeUnsupported } from "../channel/call-end.js";
import type { CallHandler } from "../channel/call-handler.js";
import { beginCall } from "./begin-call.js";
import { CallRequests } from "./call-requests.js";
import { encodeHeader } from "./reply-metadata.js";
import { latin1 } from "./request-header.js";
import { RequestQueue } from "./request-queue.js";
import type { MethodRun } from "./served-method.js";

/** Runs user code for the calls of one method. */
export class DispatchHandler implements CallHandler {
  readonly #run: MethodRun;

  constructor(run: MethodRun) {
    this.#run = run;
  }

  /** Messages are decoded here: they must be protobuf, plain or in a compression that this process can undo. */
  refusal(call: Call, start: StartView, bytes: Uint8Array): CallEnd | undefined {
    const { canInflate } = call.port;
    const { label } = call.method;
    const encoding = latin1(bytes, start.encodingStart, start.encodingEnd);
    const subtype = latin1(bytes, start.subtypeStart, start.subtypeEnd);
    call.gzip = encoding === "gzip";
    if (subtype !== "" && subtype !== "proto") {
      const what = `content-type application/grpc+${subtype}`;
      return encodeUnsupported(label, what, "application/grpc+proto", executionOf(call));
    }
    if (encoding === "" || encoding === "identity" || (call.gzip && canInflate)) return undefined;
    const accepted = canInflate ? "identity,gzip" : "identity";
    call.header = encodeHeader([], accepted);
    return encodeUnsupported(label, `grpc-encoding ${encoding}`, accepted, executionOf(call));
  }

  open(call: Call): void {
    if (call.method.readsStream) call.queue = new RequestQueue<Message>(new CallRequests(call));
  }

  begin(call: Call): void {
    beginCall(call, this.#run);
  }
}
