// SPDX-License-Identifier: Apache-2.0

import type { Call } from "../channel/call.js";
import type { CallHandler } from "../channel/call-handler.js";
import { RelayCall } from "./relay-call.js";
import { createRequestTemplates, type RequestTemplates } from "./request-head.js";
import type { Target } from "./target.js";

/** Passes the calls of one method on to the target. */
export class RelayHandler implements CallHandler {
  readonly #target: Target;
  readonly #templates: RequestTemplates;

  constructor(target: Target, label: string) {
    this.#target = target;
    this.#templates = createRequestTemplates(target.url, `/${label}`);
  }

  /** Bytes pass as they are, so subtype and encoding are the target's affair. */
  refusal(): undefined {
    return undefined;
  }

  open(call: Call): void {
    const relay = new RelayCall(call, this.#target, this.#templates);
    call.intake = relay;
    call.pump = relay;
  }

  begin(call: Call): void {
    if (call.intake instanceof RelayCall) call.intake.begin();
  }
}
