// SPDX-License-Identifier: Apache-2.0
import { MAX_CREDIT_GROWTH } from "@grpc-router/protocol";

/**
 * What a window may have grown by when `taken` has come of it: each window that is used up may double, not counting what
 * comes before the first return, and 1 MiB is the most that may be outstanding (docs/channel.md section 5).
 */
export function maxCreditGrowth(taken: number, initialCredit: number): number {
  return Math.max(0, Math.min(taken - initialCredit / 2, MAX_CREDIT_GROWTH - initialCredit));
}
