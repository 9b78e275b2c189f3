// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes, maxUint31 } from "../frame/frame-header.js";
import { SettingId, settingBytes, writeSettings } from "../frame/settings.js";
import type { ConnectionContext } from "./connection-context.js";
import { connectionFactor } from "./give-windows.js";
import { bandwidthPing } from "./own-pings.js";
import { sendPing, sendWindowUpdate } from "./send-control.js";

/** Before input is handled: octets received so far if a measurement waits for more, else -1. */
export function receivedWhenArmed<Head, Data>({ bandwidth, receive }: ConnectionContext<Head, Data>): number {
  return bandwidth?.armed === true ? receive.received : -1;
}

/** After it: begins the measurement if DATA came. Not in the turn that armed it, whose WINDOW_UPDATE is not out yet. */
export function beginMeasurement<Head, Data>(context: ConnectionContext<Head, Data>, receivedBefore: number): void {
  const { bandwidth, receive } = context;
  if (bandwidth === undefined || receivedBefore < 0 || context.closed || receive.received === receivedBefore) return;
  bandwidth.begin(context.nowMs);
  sendPing(context, bandwidthPing, 0, false);
}

/** The answer to the PING came: the window that was too small becomes twice what came in a round trip. */
export function endMeasurement<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { bandwidth, receive } = context;
  if (bandwidth === undefined) return;
  const octets = bandwidth.end(context.nowMs, receive.received);
  if (octets === 0) return;
  const hasGrown = bandwidth.ofConnection
    ? growConnectionWindow(context, 2 * octets)
    : growStreamWindows(context, 2 * octets);
  if (!hasGrown) bandwidth.rest();
}

/** Raises the connection's window to `bytes`, as far as limit and budget let it; false if that is no further than now. */
function growConnectionWindow<Head, Data>(context: ConnectionContext<Head, Data>, bytes: number): boolean {
  const { receive, windows } = context;
  const wanted = atMost(context, bytes, context.limits.grownWindowBytes) - receive.size;
  const granted = wanted > 0 && windows !== undefined ? windows.take(wanted) : 0;
  if (granted === 0) return false;
  context.grownBytes += granted;
  sendWindowUpdate(context, 0, receive.grow(receive.size + granted));
  return true;
}

/** Raises the initial window of streams to `bytes`, and the connection's with it; false if that is no further than now. */
function growStreamWindows<Head, Data>(context: ConnectionContext<Head, Data>, bytes: number): boolean {
  // One announcement at a time, so that an acknowledgement has one meaning.
  if (context.settingsSentMs >= 0) return false;
  const wanted = atMost(context, bytes, Math.floor(context.limits.grownWindowBytes / connectionFactor));
  growConnectionWindow(context, wanted * connectionFactor);
  return announceStreamWindow(context, Math.min(wanted, Math.floor(context.receive.size / connectionFactor)));
}

/**
 * Announces a larger initial window. It counts at once, for open streams, too (RFC 9113 section 6.9.2): the peer can
 * only be later than we are.
 */
function announceStreamWindow<Head, Data>(context: ConnectionContext<Head, Data>, bytes: number): boolean {
  const change = bytes - context.announcedStreamWindow;
  if (change <= 0) return false;
  const streams = context.streams.toArray();
  if (streams.some((stream) => stream.receive.size + change > maxUint31)) return false;
  context.announcedStreamWindow = bytes;
  context.streamWindow = bytes;
  context.settingsSentMs = context.nowMs;
  for (const stream of streams) stream.receive.resize(change);
  const { output } = context;
  const at = output.begin(frameHeaderBytes + settingBytes);
  output.end(writeSettings(output.bytes, at, [[SettingId.initialWindowSize, bytes]]));
  return true;
}

function atMost<Head, Data>({ counters }: ConnectionContext<Head, Data>, bytes: number, most: number): number {
  if (bytes > most) counters.limitHits.grownWindowBytes++;
  return Math.min(bytes, most);
}
