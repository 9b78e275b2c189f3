// SPDX-License-Identifier: Apache-2.0
import { acquireStream } from "../stream/stream-pool.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { StreamState } from "../stream/stream-state.js";
import type { ConnectionContext } from "./connection-context.js";
import { countTurnStream } from "./turn.js";

/** The record of a stream that the peer opens with a request. */
export function openPeerStream<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
): StreamRecord<Data> {
  const stream = openStream(context, streamId);
  stream.headReceived = true;
  countTurnStream(context);
  return stream;
}

/** The record of a new stream, with the windows that count now, in the connection's table. */
export function openStream<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number): StreamRecord<Data> {
  const stream = acquireStream<Data>();
  stream.id = streamId;
  stream.isOpen = true;
  stream.state = StreamState.open;
  stream.send.available = context.peerStreamWindow;
  stream.receive.reset(context.streamWindow);
  context.streams.add(stream);
  context.counters.streamsOpened++;
  return stream;
}
