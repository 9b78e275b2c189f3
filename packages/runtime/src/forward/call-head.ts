// SPDX-License-Identifier: Apache-2.0
import type { ContentType, HeadFault } from "./request-head.js";

/** The parts of a request head that a call keeps. */
export interface CallHead {
  readonly contentType: ContentType;
  readonly contentTypeText: string;
  readonly fault: HeadFault;
  readonly previousAttempts: number;
  readonly rest: Uint8Array;
  readonly restEnd: number;
  readonly kept: boolean;
}
