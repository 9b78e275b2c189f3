// SPDX-License-Identifier: Apache-2.0
import { clearQueue } from "../stream/send-queue.js";
import { releaseStream } from "../stream/stream-pool.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { StreamState } from "../stream/stream-state.js";
import type { ConnectionContext } from "./connection-context.js";
import { giveConnectionWindow } from "./send-control.js";

/**
 * Takes a stream out of everything and tells the handler, once. What the application still held of its data goes back to
 * the connection's window, because nobody can give it back any more.
 */
export function closeStream<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  code: number,
  by: "end" | "peer" | "local" | "connection",
): void {
  if (!stream.isOpen) return;
  const mayStillArrive = stream.state < StreamState.halfClosedRemote && by === "local";
  stream.isOpen = false;
  stream.state = StreamState.closed;
  context.streams.remove(stream);
  context.counters.streamsClosed++;
  context.ready.remove(stream);
  if (stream.queueFirst !== undefined) clearQueue(stream);
  if (stream.receive.held > 0) giveConnectionWindow(context, stream.receive.held);
  if (by === "end") {
    if (context.floods.peerResets > 0) context.floods.peerResets--;
  } else if (mayStillArrive) {
    context.floods.strayOctets += Math.max(0, stream.receive.available);
  }
  stream.nextInSlot = context.closedFirst;
  context.closedFirst = stream;
  context.handler.onClosed(stream, code, by);
  stream.data = undefined;
}

/** Lets the records of closed streams be used again; called when no caller further up can hold one. */
export function recycleStreams<Head, Data>(context: ConnectionContext<Head, Data>): void {
  for (let stream = context.closedFirst; stream !== undefined; stream = context.closedFirst) {
    context.closedFirst = stream.nextInSlot;
    stream.nextInSlot = undefined;
    releaseStream(stream);
  }
}
