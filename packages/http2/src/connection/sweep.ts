// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { closeStream, recycleStreams } from "./close-stream.js";
import { type ConnectionContext, DrainState, Phase } from "./connection-context.js";
import { sendReset } from "./send-control.js";
import { closeConnection, closeIfDone, failConnection, failLimit, finishDrain } from "./shutdown.js";
import { sweepKeepalive } from "./sweep-keepalive.js";

/** Octets that a stream must move in `stallMs` to count as read: a window opened octet by octet is a slow read, too. */
const leastProgressBytes = 1_024;

/** Looks at every time limit of the connection. */
export function sweepConnection<Head, Data>(context: ConnectionContext<Head, Data>, nowMs: number): void {
  if (context.closed) return;
  context.nowMs = nowMs;
  const sinceSweepMs = Math.max(0, nowMs - context.sweptMs);
  context.floods.leak(sinceSweepMs / 1_000);
  context.sweptMs = nowMs;
  sweepBeginning(context);
  sweepHeaderBlock(context);
  sweepDrain(context);
  sweepOutput(context);
  sweepKeepalive(context, sinceSweepMs);
  if (context.streams.count > 0) for (const stream of context.streams.toArray()) sweepStream(context, stream);
  closeIfDone(context);
  recycleStreams(context);
}

function sweepBeginning<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { limits, nowMs } = context;
  const waitedMs = nowMs - context.phaseMs;
  if (context.phase === Phase.preface && waitedMs >= limits.prefaceMs) {
    const message = "the client's preface did not come in time";
    closeConnection(context, { code: ErrorCode.noError, by: "local", message, limit: "prefaceMs" }, true);
  } else if (context.phase === Phase.firstSettings && waitedMs >= limits.firstSettingsMs) {
    failConnection(context, ErrorCode.settingsTimeout, "the peer's SETTINGS did not come in time", "firstSettingsMs");
  } else if (context.settingsSentMs >= 0 && nowMs - context.settingsSentMs >= limits.settingsAckMs) {
    failConnection(context, ErrorCode.settingsTimeout, "our SETTINGS were not acknowledged in time", "settingsAckMs");
  }
}

function sweepHeaderBlock<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { block, limits, nowMs } = context;
  if (block.streamId !== 0 && nowMs - block.startedMs >= limits.headerBlockMs) {
    failLimit(context, "headerBlockMs", "a header block was not completed in time");
  }
}

function sweepDrain<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (context.closed || context.drain !== DrainState.announced) return;
  if (context.nowMs - context.drainPingMs < context.limits.drainPingMs) return;
  context.counters.limitHits.drainPingMs++;
  finishDrain(context, "");
}

/** A transport that has taken nothing for long. */
function sweepOutput<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (context.heldSinceMs < 0 || context.nowMs - context.heldSinceMs < context.limits.stallMs) return;
  const message = "the peer has not read for too long";
  closeConnection(context, { code: ErrorCode.enhanceYourCalm, by: "local", message, limit: "stallMs" }, true);
}

/** A stream whose data has waited for window or room for long. */
function sweepStream<Head, Data>(context: ConnectionContext<Head, Data>, stream: StreamRecord<Data>): void {
  if (!stream.isOpen) return;
  if (!stream.wantsRoom && stream.queueFirst === undefined) {
    stream.waitingSinceMs = -1;
  } else if (stream.waitingSinceMs < 0 || stream.sentBytes - stream.sentAtStall >= leastProgressBytes) {
    stream.waitingSinceMs = context.nowMs;
    stream.sentAtStall = stream.sentBytes;
  } else if (context.nowMs - stream.waitingSinceMs >= context.limits.stallMs) {
    context.counters.limitHits.stallMs++;
    sendReset(context, stream.id, ErrorCode.cancel);
    closeStream(context, stream, ErrorCode.cancel, "local");
  }
}
