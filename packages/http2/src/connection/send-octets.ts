// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { maxFrameBytes } from "../frame/frame-header.js";
import type { StreamRecord } from "../stream/stream-record.js";
import type { ConnectionContext } from "./connection-context.js";

/** Puts as much of `bytes[start, end)` into DATA frames as windows and output room allow; returns how much that was. */
export function sendOctets<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { output } = context;
  const until = start + Math.min(end - start, stream.send.available, context.send.available);
  let at = start;
  while (at < until) {
    const room = output.makeRoom(Math.min(until - at, maxFrameBytes));
    if (room <= 0) break;
    const octets = output.data(stream.id, Math.min(until - at, room), false);
    copyBytes(bytes, at, at + octets, output.bytes, output.offset - octets);
    at += octets;
  }
  const sent = Math.max(0, at - start);
  takeWindows(context, stream, sent);
  return sent;
}

/** Counts octets of DATA that went into frames. */
export function takeWindows<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  octets: number,
): void {
  stream.send.take(octets);
  context.send.take(octets);
  stream.sentBytes += octets;
  context.floods.newOctets += octets;
  context.hasSent = true;
}
