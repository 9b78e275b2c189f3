// SPDX-License-Identifier: Apache-2.0

import type { FragmentView, Reason, StartView } from "@grpc-router/protocol";
import type { Call } from "./call.js";
import type { CallEnd } from "./call-end.js";

/** Who answers the calls of a method: user code in this process (`dispatch/`), or a server behind it (`relay/`). */
export interface CallHandler {
  /**
   * Why a call that has just come cannot be taken: its End, with the call's header if one is set; undefined if it can.
   * `bytes` is what `start` was read from.
   */
  refusal(call: Call, start: StartView, bytes: Uint8Array): CallEnd | undefined;
  /** The call is taken: says where its request goes. */
  open(call: Call): void;
  /** A frame of the call has been read; asked until the call has begun. */
  begin(call: Call): void;
}

/** Takes the request slice by slice, for handlers that need no whole messages. */
export interface RequestIntake {
  /** A message has begun and not ended. */
  readonly isInMessage: boolean;
  /** The next slice, which cost its sender `cost`. What is wrong with it, if it does not fit to those before. */
  slice(bytes: Uint8Array, view: FragmentView, cost: number): Reason | undefined;
  /** No slice follows. */
  close(): void;
}

/** Where the reply comes from, piece by piece. */
export interface ReplySource {
  /** What was given last is written, and there is room: give the next piece, now or later. */
  pull(): void;
  /** Nobody wants the rest: stop the work, and settle the call when it has stopped. */
  stop(): void;
}
