// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { RetryThrottlingFacts } from "@grpc-router/protocol/codegenv1";
import type { Pushback } from "./pushback.js";
import { isInMask } from "./status-mask.js";

/** Parts of a token that are counted: gRFC A6 has three decimals, and sums of 0.1 would not be exact. */
const partsPerToken = 1000;

/** What a share of 0.57, times 1000, is short of 570. */
const roundingError = 1e-6;

/**
 * Stops retries and hedges of a service that mostly fails (gRFC A6, retryThrottling). A failure takes one token, a
 * success brings `tokenRatio` back; while half of them or fewer are left, nothing is sent again. One for each service.
 */
export class RetryThrottle {
  /** All in thousandths of a token. */
  readonly #max: number;
  readonly #ratio: number;
  #count: number;

  constructor({ maxTokens, tokenRatio }: RetryThrottlingFacts) {
    this.#max = Math.round(maxTokens * partsPerToken);
    // Further decimals are ignored, but what is not nothing must not become nothing: tokens would never come back.
    this.#ratio = Math.max(1, Math.floor(tokenRatio * partsPerToken + roundingError));
    this.#count = this.#max;
  }

  /** Retries and hedges may be sent: more than half of the tokens are left. */
  get allows(): boolean {
    return this.#count * 2 > this.#max;
  }

  /** Tokens that are left, from 0 to `maxTokens`. */
  get tokens(): number {
    return this.#count / partsPerToken;
  }

  /**
   * An attempt ended, of whatever method; to be told before anybody asks `allows` about a retry of it. OK is a success.
   * A failure is a code in `mask`, the retryable or non-fatal ones of the call's method, or a pushback that asks for no
   * retry. Other codes say nothing about the service. Attempts that provably did not run are not told (A6, transparent
   * retries).
   */
  onEnd(code: number, mask: number, pushback: Pushback | undefined): void {
    if (code === StatusCode.ok) this.#count = Math.min(this.#max, this.#count + this.#ratio);
    else if (pushback === "stop" || isInMask(mask, code)) this.#count = Math.max(0, this.#count - partsPerToken);
  }
}
