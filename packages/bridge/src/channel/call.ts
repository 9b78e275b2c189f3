// SPDX-License-Identifier: Apache-2.0

import type { Message } from "@bufbuild/protobuf";
import { type GrowingWindow, readStart, StartView } from "@grpc-router/protocol";
import type { CallContext } from "../dispatch/call-context.js";
import type { RequestQueue } from "../dispatch/request-queue.js";
import type { ServedMethod } from "../dispatch/served-method.js";
import type { CallEnd, Execution } from "./call-end.js";
import type { ReplySource, RequestIntake } from "./call-handler.js";
import type { MessageAssembly } from "./message-assembly.js";

/**
 * Where a call stands on the bridge's side (docs/channel.md section 4).
 *
 * ```
 *                    user code starts            End written
 *  Start ─▶ received ────────────────▶ begun ───────────────▶ ended
 *              │                         │ cancel, deadline      ▲
 *              │ cancel, revoke,         ▼                       │
 *              │ cardinality …        aborting ── user code ─────┤
 *              └─────────────────────────┼──────── settles ──────┤
 *                                        │ channel lost          │
 *                                        ▼                       │
 *                                     orphaned ──────────────────┘
 * ```
 */
export const CallPhase = {
  /** The Start is here; user code has not begun, and `not_run` would be true. */
  received: 0,
  /** User code runs, or has settled and its result waits to be written. */
  begun: 1,
  /** User code has been told to stop, and has not yet. */
  aborting: 2,
  /** The channel is gone; user code still runs, and nobody waits for its result. */
  orphaned: 3,
  /** Nothing is owed but perhaps the End, which waits for its turn. */
  ended: 4,
} as const;
export type CallPhase = (typeof CallPhase)[keyof typeof CallPhase];

/** What a call asks of the channel it came on. */
export interface CallPort {
  /** Monotonic time in milliseconds. */
  nowMs(): number;
  /** "https" if the router was dialled over TLS. */
  readonly scheme: string;
  /** Longest request message in bytes. */
  readonly maxRequestBytes: number;
  /** Longest response message in bytes that the router takes. */
  readonly maxReplyBytes: number;
  /** Largest metadata list that the router takes. */
  readonly maxMetadataBytes: number;
  /** Whether `inflate` works here. */
  readonly canInflate: boolean;
  /** Undoes gzip; undefined if the result would be over `maxRequestBytes`. Throws if it is not gzip. */
  inflate(bytes: Uint8Array): Uint8Array | undefined;
  /** User code is about to run: raises the accepted mark, first of all. */
  accept(call: Call): void;
  /** The call has something to write, or its pump may go on. */
  ready(call: Call): void;
  /** User code has taken in what cost `cost`, so the router may have it back. */
  consumed(call: Call, cost: number): void;
  /** `sizeBytes` of request are kept for the call, or, if negative, no longer. Over the channel's limit calls are ended. */
  buffered(call: Call, sizeBytes: number): void;
  /** User code has settled for a call whose channel is gone. */
  orphanSettled(call: Call): void;
  /** User code threw something that callers are not told. */
  handlerFailed(call: Call, error: unknown): void;
  /** User code set a metadata entry that cannot be sent. */
  metadataDropped(call: Call, name: string): void;
}

/** One call, from its Start to its End. A hot record: every field is declared here, and no closure hangs on it. */
export class Call implements GrowingWindow {
  readonly callId: number;
  readonly method: ServedMethod;
  readonly port: CallPort;
  phase: CallPhase = CallPhase.received;
  /** The next call in the same slot of the table. */
  tableNext: Call | undefined = undefined;

  /** The encoded CallStart, from which the context reads metadata when somebody asks. */
  readonly start: Uint8Array;
  /** When the call's time is over, in the port's time; Infinity: never. */
  deadlineMs: number = Number.POSITIVE_INFINITY;
  /** The request's messages may be compressed with gzip. */
  gzip = false;

  /** No request message follows. */
  halfClosed = false;
  /** Cost units that the router may still spend. */
  requestCredit: number;
  /** Frames that came when nothing of the call was wanted any more; of payloads its credit tells. */
  lateFrames = 0;
  /** Cost units taken in by user code and not yet given back. */
  requestOwed = 0;
  // `CreditGrowth`: the window of the request.
  creditWindow: number;
  creditSpan = 0;
  creditSinceMs = -1;
  creditCaughtUp = false;
  /** Waits in the writer's list of credit to send. */
  creditWaits = false;
  /** What holds the one request message of methods that read one; the bytes of the frame if that says half close, too. */
  request: Uint8Array | undefined = undefined;
  requestStart = 0;
  requestEnd = 0;
  /** The request of methods that read a stream. */
  queue: RequestQueue<Message> | undefined = undefined;
  /** The request of handlers that take it slice by slice. */
  intake: RequestIntake | undefined = undefined;
  /** The slices of a message that is not whole yet. */
  assembly: MessageAssembly | undefined = undefined;
  /** A message whose credit went back while it was assembled waits for the reader, or is being assembled. */
  hasPrepaid = false;
  /** Bytes of request kept for the call. */
  bufferedBytes = 0;
  /** When that last changed while the channel's buffers were more than half full, in the port's time. */
  movedMs = 0;

  /** Cost units that may be spent on replies. */
  replyCredit: number;
  /** Frames that gave it, and payload frames that used it. */
  creditFrames = 0;
  payloadFrames = 0;
  /** The encoded Header, until it goes with the first payload or before the End. */
  header: Uint8Array | undefined = undefined;
  /** Header and first payload have been written or can no longer come. */
  replyStarted = false;
  /** The message, or the slice of one, that waits for credit or room … */
  message: Uint8Array | undefined = undefined;
  /** … what of it is written … */
  messageSent = 0;
  /** … how many octets of the same message come after it … */
  messageRest = 0;
  /** … and the flag of that message. */
  messageCompressed = false;
  /** How the call ends, once that is known. */
  end: CallEnd | undefined = undefined;
  /** Stands in the writer's line. */
  waits = false;
  /** Behind it in the line. */
  lineNext: Call | undefined = undefined;

  /** What user code holds; undefined before it begins. */
  context: CallContext | undefined = undefined;
  /** Where the reply comes from, if it comes in pieces. */
  pump: ReplySource | undefined = undefined;
  /** Why it is being aborted, and the End it will have. */
  cause: CallEnd | undefined = undefined;

  constructor(callId: number, method: ServedMethod, port: CallPort, start: Uint8Array, credit: CallCredit) {
    this.callId = callId;
    this.method = method;
    this.port = port;
    this.start = start;
    this.requestCredit = credit.request;
    this.creditWindow = credit.request;
    this.replyCredit = credit.reply;
  }
}

/** Whether user code may have run, here or in an attempt before this one, as callers are told. */
export function executionOf(call: Call): Execution {
  if (call.phase !== CallPhase.received) return "started";
  const view = new StartView();
  readStart(call.start, 0, call.start.length, view);
  return view.attempt > 0 ? "unknown" : "none";
}

/** Cost units that each direction of every call starts with. */
export interface CallCredit {
  readonly request: number;
  readonly reply: number;
}
