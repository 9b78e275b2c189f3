// SPDX-License-Identifier: Apache-2.0

import { StatusCode } from "@grpc-router/protocol";
import type { CallEnd } from "../channel/call-end.js";

/** Codes that count as failed requests, by number: the instance's own doing, as circuit breakers see it. */
const failures: readonly boolean[] = Array.from({ length: 17 }, (_, code) => {
  switch (code) {
    case StatusCode.unknown:
    case StatusCode.deadlineExceeded:
    case StatusCode.internal:
    case StatusCode.unavailable:
    case StatusCode.dataLoss:
      return true;
    default:
      return false;
  }
});

/** Counts the calls of a process that have ended, of all services and routers. */
export class CallTally {
  ended = 0;
  /** Of those the failed ones. */
  failed = 0;

  /** A call has ended so. One that was given back is somebody else's. */
  count(end: CallEnd): void {
    if (end.notRun) return;
    this.ended++;
    if (failures[end.code] === true) this.failed++;
  }
}
