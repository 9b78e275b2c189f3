// SPDX-License-Identifier: Apache-2.0
import { countByCode } from "../engine-counters.js";
import { maxGoawayFrameBytes, writeGoaway } from "../frame/goaway.js";
import { pingFrameBytes, writePing } from "../frame/ping.js";
import { rstStreamFrameBytes, writeRstStream } from "../frame/rst-stream.js";
import { windowUpdateFrameBytes, writeWindowUpdate } from "../frame/window-update.js";
import type { ConnectionContext } from "./connection-context.js";

// Control frames go straight into the output: no window holds them back, only `Limits.overflowBytes` does (see
// `isOutputOverfull`).

/** Writes RST_STREAM. */
export function sendReset<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number, code: number): void {
  const { output } = context;
  countByCode(context.counters.resetsSent, code);
  const at = output.begin(rstStreamFrameBytes);
  output.end(writeRstStream(output.bytes, at, streamId, code));
}

/** Writes WINDOW_UPDATE for a stream, or the connection (0). */
export function sendWindowUpdate<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  increment: number,
): void {
  const { output } = context;
  const at = output.begin(windowUpdateFrameBytes);
  output.end(writeWindowUpdate(output.bytes, at, streamId, increment));
}

/** Writes PING, or the answer to one, with the octets `opaque[start …]`. */
export function sendPing<Head, Data>(
  context: ConnectionContext<Head, Data>,
  opaque: Uint8Array,
  start: number,
  ack: boolean,
): void {
  const { output } = context;
  const at = output.begin(pingFrameBytes);
  output.end(writePing(output.bytes, at, opaque, start, ack));
}

/** Writes GOAWAY. */
export function sendGoaway<Head, Data>(
  context: ConnectionContext<Head, Data>,
  lastStreamId: number,
  code: number,
  debug: string,
): void {
  const { output } = context;
  countByCode(context.counters.goawaysSent, code);
  const at = output.begin(maxGoawayFrameBytes);
  output.end(writeGoaway(output.bytes, at, lastStreamId, code, debug));
}

/** Returns received octets to the connection's window. */
export function giveConnectionWindow<Head, Data>(context: ConnectionContext<Head, Data>, octets: number): void {
  const increment = context.receive.give(octets);
  if (increment === 0 || context.closed) return;
  sendWindowUpdate(context, 0, increment);
  context.bandwidth?.arm(context.receive.size, true);
}

/** More output waits than a peer that reads would ever see: heads and control frames that no window stops. */
export function isOutputOverfull<Head, Data>(context: ConnectionContext<Head, Data>): boolean {
  return context.output.pending > context.output.maxBytes + context.limits.overflowBytes;
}
