// SPDX-License-Identifier: Apache-2.0

import type { Message } from "@bufbuild/protobuf";
import { PAYLOAD_OVERHEAD } from "@grpc-router/protocol";
import type { Call } from "../channel/call.js";
import { encodeBadMessage } from "../channel/call-end.js";
import { failCall } from "../channel/call-life.js";
import { PREPAID, prepaidTaken } from "../channel/receive-payload.js";
import { decodeMessage } from "./message-decoder.js";
import type { RequestSource } from "./request-queue.js";

/** Ties the queue of a request stream to its call: what user code takes is what the router may send anew. */
export class CallRequests implements RequestSource<Message> {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  decode(bytes: Uint8Array): Message {
    return decodeMessage(this.#call.method.desc.input, bytes, 0, bytes.length);
  }

  taken(sizeBytes: number, cost: number): void {
    this.#call.port.buffered(this.#call, -(sizeBytes + PAYLOAD_OVERHEAD));
    if (cost === PREPAID) prepaidTaken(this.#call);
    else this.#call.port.consumed(this.#call, cost);
  }

  undecodable(error: unknown): void {
    failCall(this.#call, encodeBadMessage(this.#call.method.label, error, "started"));
  }
}
