// SPDX-License-Identifier: Apache-2.0
import { isStatusCode, StatusCode } from "@grpc-router/protocol";

/**
 * A set of gRPC status codes as the bits of a number, so that asking is one instruction. OK is never in it, as no policy
 * may take a success for a failure; what is not one of gRPC's codes is left out.
 */
export function statusMask(codes: readonly number[]): number {
  let mask = 0;
  for (const code of codes) if (isStatusCode(code)) mask |= 1 << code;
  return mask & ~(1 << StatusCode.ok);
}

/** Whether `code` is in the set. A code that gRPC does not know counts as UNKNOWN, as gRPC's libraries read it. */
export function isInMask(mask: number, code: number): boolean {
  return ((mask >>> (isStatusCode(code) ? code : StatusCode.unknown)) & 1) === 1;
}
