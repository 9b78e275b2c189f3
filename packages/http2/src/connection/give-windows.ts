// SPDX-License-Identifier: Apache-2.0
import { maxUint31 } from "../frame/frame-header.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { StreamState } from "../stream/stream-state.js";
import type { ConnectionContext } from "./connection-context.js";
import { giveConnectionWindow, sendWindowUpdate } from "./send-control.js";

/** Returns received octets of an open stream to both windows; nothing is announced for a side that has ended. */
export function giveWindows<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  octets: number,
): void {
  const increment = stream.receive.give(octets);
  if (increment > 0 && stream.state < StreamState.halfClosedRemote) {
    sendWindowUpdate(context, stream.id, increment);
    context.bandwidth?.arm(stream.receive.size, false);
  }
  giveConnectionWindow(context, octets);
}

/** The connection's window is at least this many times the largest stream's, so that one stream cannot use it up alone. */
export const connectionFactor = 4;

/** Raises the window of a stream, and the connection's with it. */
export function growWindows<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  bytes: number,
): void {
  const increment = stream.receive.grow(Math.min(bytes, maxUint31));
  if (increment > 0 && stream.state < StreamState.halfClosedRemote) sendWindowUpdate(context, stream.id, increment);
  const connectionIncrement = context.receive.grow(Math.min(bytes * connectionFactor, maxUint31));
  if (connectionIncrement > 0) sendWindowUpdate(context, 0, connectionIncrement);
}
