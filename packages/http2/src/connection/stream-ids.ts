// SPDX-License-Identifier: Apache-2.0
import type { ConnectionContext } from "./connection-context.js";

/** True if nobody has opened this stream yet (RFC 9113 section 5.1.1): neither side may send for it but HEADERS, PRIORITY. */
export function isIdleStream<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number): boolean {
  if (isOwnStream(context, streamId)) return streamId >= context.nextStreamId || context.isServer;
  return streamId > context.lastPeerStreamId;
}

/** True for ids that we would open: odd for clients, even for servers. */
export function isOwnStream<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number): boolean {
  return ((streamId & 1) === 1) !== context.isServer;
}

/** The peer opens `streamId`, greater than all before; ids in between are closed without ever having been open. */
export function notePeerStream<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number): void {
  const last = context.lastPeerStreamId;
  const first = last === 0 ? 1 : last + 2;
  if (streamId > first) {
    context.gapLow = last;
    context.gapHigh = streamId;
  }
  context.lastPeerStreamId = streamId;
}

/** True if the peer skipped this id. Only the last gap is known, which is where such a fault is. */
export function isSkippedStream<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number): boolean {
  return streamId > context.gapLow && streamId < context.gapHigh;
}
