// SPDX-License-Identifier: Apache-2.0
import type { MetadataField } from "../intercept/call-metadata.js";

/**
 * Sees every call that metrics count, and chooses those that it follows: traces, access logs, taps. Calls that the router
 * answers itself (health, reflection) are none of them; those whose path leads nowhere are.
 */
export interface CallWatcher {
  /** Present: it leaves out most calls, and need not be shown them. */
  readonly skip?: CallSkip | undefined;
  /**
   * A call has come. What this answers is told of the rest; undefined: this watcher does not follow the call, which then
   * costs it nothing more. What it throws is logged, and the call goes on unfollowed.
   *
   * @param call valid during this call only
   */
  watch(call: WatchedCall): CallFollower | undefined;
}

/** What a watcher that takes a share of the calls says beforehand, as asking it about each would cost more than all else. */
export interface CallSkip {
  /** Calls without a trace context that it will not follow, from now on. Whoever does not show it one of them takes it off. */
  calls: number;
}

/** The head of a call. Times are milliseconds of `Scheduler.nowMs`. */
export interface WatchedCall {
  /** `/acme.user.v1.UserService/GetUser`; of a path that leads nowhere what the client sent, up to 200 characters. */
  readonly path: string;
  /** `acme.user.v1.UserService`; empty: the path leads nowhere. */
  readonly service: string;
  /** `GetUser`; empty: the path leads nowhere. */
  readonly method: string;
  /** Address of the client, as its transport says it. */
  readonly peerAddress: string;
  /** Names of the client's verified certificate: DNS names, URIs such as `spiffe://acme/shop`; empty without one. */
  readonly identities: readonly string[];
  readonly openedMs: number;
  /** Attempts that the client says it made before (`grpc-previous-rpc-attempts`). */
  readonly previousAttempts: number;
  /** The metadata has a `traceparent` or a `grpc-trace-bin`; costs nothing. */
  readonly hasTraceContext: boolean;
  /** The first value of a metadata field, of ASCII; undefined if there is none. Costs a walk over all fields. */
  metadata(name: string): string | undefined;
  /** The first value of a metadata field `…-bin`, decoded. */
  metadataBytes(name: string): Uint8Array | undefined;
  /** All metadata, in its order. Costs objects: for calls that are followed. */
  allMetadata(): readonly MetadataField[];
}

/** Hears how a call goes on. What its verbs throw is logged, and harms nothing. */
export interface CallFollower {
  /** The call waits for an instance, for room on one, or for its turn to be tried again. */
  queued?(nowMs: number): void;
  /** An attempt is about to be sent. What this answers hears of the attempt; undefined: nobody does. */
  attempt?(attempt: FollowedAttempt): AttemptFollower | undefined;
  /** A piece of a request message has gone to an instance, again with each attempt; of attempts that race, those of the first. */
  request?(piece: MessagePiece): void;
  /** A piece of a reply message goes to the client. */
  reply?(piece: MessagePiece): void;
  /** The client has its status, or has gone: comes once. Attempts that are cancelled for it may end later. */
  ended?(end: FollowedEnd): void;
}

/** A piece of a message, or all of it: `bytes[start, end)`, valid during the call only. */
export interface MessagePiece {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Octets of the message that are still to come; 0: this ends it. */
  readonly left: number;
  /** The message is compressed, as the call's `grpc-encoding` says. */
  readonly compressed: boolean;
}

/** An attempt that is about to be sent; one that its transport has no room for after all ends at once, UNAVAILABLE. */
export interface FollowedAttempt {
  readonly instance: string;
  /** Address that the instance dialled from. */
  readonly address: string;
  /** Attempts that this router made before. */
  readonly attempt: number;
  readonly nowMs: number;
}

/** Hears how an attempt ends, once. */
export interface AttemptFollower {
  /** Metadata that the instance gets in place of what has the same names; values of `-bin` names in base64. Read once. */
  readonly metadata?: readonly MetadataField[] | undefined;
  /** gRPC status; CANCELLED also for one that lost a race. */
  ended(code: number, nowMs: number): void;
}

/** How a call ended. */
export interface FollowedEnd {
  /** gRPC status. */
  readonly code: number;
  /** Why the router ended it, as in ErrorInfo; undefined if an instance, an interceptor or the client did. */
  readonly reason: string | undefined;
  readonly nowMs: number;
  /** The instance that had it last; undefined if none had it. */
  readonly instance: string | undefined;
  /** Attempts that instances were sent in all, hedges and those that did not run included. */
  readonly attempts: number;
  /** Bytes of messages that the last attempt sent, and of those that came back. */
  readonly requestBytes: number;
  readonly replyBytes: number;
}
