// SPDX-License-Identifier: Apache-2.0
import { advanceQueue } from "../stream/send-queue.js";
import type { StreamRecord } from "../stream/stream-record.js";
import type { ConnectionContext } from "./connection-context.js";
import { endLocalSide, sendHead } from "./send-head.js";
import { sendOctets } from "./send-octets.js";

/** Octets of one stream before the next stream's turn. */
const turnBytes = 16_384;

/** Puts a stream in line that waits and that its own window lets go on. */
export function noteReady<Head, Data>(context: ConnectionContext<Head, Data>, stream: StreamRecord<Data>): void {
  const window = stream.send.available;
  if (stream.queueFirst !== undefined) {
    if (window <= 0) return;
  } else if (!stream.wantsRoom || window <= stream.roomFound) return;
  context.ready.push(stream);
  context.mayServe = true;
}

/**
 * Lets the streams in line go on, round robin, until the output is full, the connection window is used up, or nobody
 * waits. Callbacks may write, reset and close; they may not come back in here.
 */
export function serveReady<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (!context.mayServe || context.serving) return;
  context.serving = true;
  context.mayServe = false;
  try {
    serveRounds(context);
  } finally {
    context.serving = false;
  }
}

function serveRounds<Head, Data>(context: ConnectionContext<Head, Data>): void {
  let blocked = 0;
  for (let stream = context.ready.first; stream !== undefined; stream = context.ready.first) {
    const room = context.output.makeRoom(1);
    if (room <= 0) {
      context.mayServe = true;
      break;
    }
    const least = stream.queueFirst === undefined ? stream.roomFound : 0;
    context.ready.remove(stream);
    if (Math.min(context.send.available, room) <= least) {
      // Output makes room without a word, so the next flush must ask again; a window comes with its own frame.
      if (room <= least) context.mayServe = true;
      context.ready.push(stream);
      if (++blocked >= context.ready.count) break;
      continue;
    }
    blocked = 0;
    if (stream.queueFirst !== undefined) serveBacklog(context, stream);
    else giveRoom(context, stream);
  }
}

function giveRoom<Head, Data>(context: ConnectionContext<Head, Data>, stream: StreamRecord<Data>): void {
  if (!stream.wantsRoom || stream.send.available <= stream.roomFound) return;
  stream.wantsRoom = false;
  context.handler.onRoom(stream);
}

function serveBacklog<Head, Data>(context: ConnectionContext<Head, Data>, stream: StreamRecord<Data>): void {
  let sent = 0;
  for (let chunk = stream.queueFirst; chunk !== undefined && sent < turnBytes; chunk = stream.queueFirst) {
    const until = Math.min(chunk.end, chunk.start + turnBytes - sent);
    const octets = sendOctets(context, stream, chunk.bytes, chunk.start, until);
    if (octets === 0) break;
    sent += octets;
    advanceQueue(stream, chunk, octets);
  }
  const isLast = stream.queueFirst === undefined && stream.ending;
  if (isLast) writeQueuedEnd(context, stream);
  if (sent > 0) context.handler.onSent(stream, sent);
  if (!stream.isOpen) return;
  if (isLast) endLocalSide(context, stream);
  else noteReady(context, stream);
}

/** In the turn of the last octet, so that an end never waits for a window of its own. */
function writeQueuedEnd<Head, Data>(context: ConnectionContext<Head, Data>, stream: StreamRecord<Data>): void {
  const head = stream.queuedHead;
  if (head === undefined) context.output.endStream(stream.id);
  else sendHead(context, stream, head.template, head.literals, 0, head.literals.length);
}
