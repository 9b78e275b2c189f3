// SPDX-License-Identifier: Apache-2.0
import type { Message } from "@bufbuild/protobuf";

/** What a hook says of a message: undefined keeps its bytes, a message replaces it. */
export type HookResult<M extends Message> = M | undefined;

/**
 * Sees every message of one direction of one method, one after the other, and may replace it. The message is decoded for it;
 * only one that it returns is encoded, so a change to the message that it got counts only if it returns that message. A promise
 * holds back what follows in the same direction of the same call, and nothing else. To throw a `CallError` (or what has the
 * code of one, as Connect's errors) ends the call with that status; anything else that is thrown ends it with INTERNAL
 * (POLICY_FAILED).
 *
 * @example
 * const onRequest: MessageHook<GetUserRequest> = (request) => {
 *   if (request.userId === "") throw new CallError(3, "user_id must be set");
 *   return undefined;
 * };
 */
export type MessageHook<M extends Message> = (message: M) => HookResult<M> | PromiseLike<HookResult<M>>;

/** Typed code around the messages of one method. */
export interface MethodHooks<Request extends Message, Response extends Message> {
  /** Sees what callers send, before it is kept, routed by a key, or sent: once, however many attempts follow. Default: none. */
  readonly onRequest?: MessageHook<Request> | undefined;
  /** Sees what instances answer, before the caller does. Default: none. */
  readonly onResponse?: MessageHook<Response> | undefined;
}

/** Hooks of whatever method. */
export interface AnyHooks {
  readonly onRequest?: ((message: never) => unknown) | undefined;
  readonly onResponse?: ((message: never) => unknown) | undefined;
}
