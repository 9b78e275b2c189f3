// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { CallHandler } from "../channel/call-handler.js";
import type { CallContext } from "./call-context.js";

/** User code of a method as it was given: any of Connect's four signatures. */
export type MethodCode = (request: never, context: HandlerContext) => unknown;

/**
 * Runs a method. `request` is the message, or an `AsyncIterable` of messages for methods that read a stream; the result
 * is a message or its promise, or an `AsyncIterable` for methods that write a stream.
 */
export type MethodRun = (request: Message | AsyncIterable<Message>, context: CallContext) => unknown;

/** A method that an instance serves. */
export interface ServedMethod {
  readonly service: DescService;
  readonly desc: DescMethod;
  /** Its name on the channel. */
  readonly number: number;
  /** Its messages have a member in the channel's frames. */
  readonly typed: boolean;
  /** Client streaming or bidirectional. */
  readonly readsStream: boolean;
  /** Server streaming or bidirectional. */
  readonly writesStream: boolean;
  /** `acme.user.v1.UserService/GetUser`. */
  readonly label: string;
  /** Who answers its calls. */
  readonly handler: CallHandler;
}
