// SPDX-License-Identifier: Apache-2.0
import type { Limits } from "../limits.js";
import type { ConnectionContext } from "./connection-context.js";
import { failLimit } from "./shutdown.js";

/**
 * What one turn, a call of `receive` or `resume`, may still do. The frame loop asks `frames` alone; whatever else ends a
 * turn sets it to zero.
 */
export class Turn {
  frames = 0;
  streams = 0;
  /** Answers wait that the transport does not take: nothing is handled until it does. */
  awaitsOutput = false;

  /** A new turn begins. */
  begin(limits: Limits): void {
    this.frames = this.awaitsOutput ? 0 : limits.turnFrames;
    this.streams = limits.turnStreams;
  }
}

/** The peer has opened a stream. */
export function countTurnStream<Head, Data>({ turn }: ConnectionContext<Head, Data>): void {
  if (--turn.streams <= 0) turn.frames = 0;
}

/** An answer to PING or SETTINGS was written: a peer that does not read them is not read either. */
export function countReply<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { floods, limits, turn } = context;
  const waiting = ++floods.queuedReplies;
  if (waiting > limits.queuedReplies) {
    failLimit(context, "queuedReplies", "too many answers wait to be read");
  } else if (waiting > limits.unreadReplies && context.output.held) {
    turn.awaitsOutput = true;
    turn.frames = 0;
  }
}

/** The turn is over and `bytes[start, end)` is left: it waits for its next turn, or for the transport. */
export function leaveInput<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { unread, host, turn, counters } = context;
  if (bytes === unread.bytes) unread.advance(start);
  else {
    unread.append(bytes, start, end);
    host.pause();
  }
  if (turn.awaitsOutput) counters.limitHits.unreadReplies++;
  else {
    counters.limitHits[turn.streams <= 0 ? "turnStreams" : "turnFrames"]++;
    host.resumeLater();
  }
}

/** The transport has taken output: a connection that waited for that goes on. */
export function outputTaken<Head, Data>({ floods, turn, host }: ConnectionContext<Head, Data>): void {
  floods.queuedReplies = 0;
  if (!turn.awaitsOutput) return;
  turn.awaitsOutput = false;
  host.resumeLater();
}
