// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { frameHeaderBytes, readUint32 } from "../frame/frame-header.js";
import { FrameFlag } from "../frame/frame-type.js";
import { checkSetting, SettingId, settingBytes, writeSettingsAck } from "../frame/settings.js";
import { type ConnectionContext, Phase } from "./connection-context.js";
import { noteReady } from "./serve-ready.js";
import { failConnection, failLimit } from "./shutdown.js";
import { countReply } from "./turn.js";

/** Handles a SETTINGS frame (RFC 9113 section 6.5): every value is checked before any is used. */
export function receiveSettings<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const isAck = (flags & FrameFlag.ack) !== 0;
  if (streamId !== 0) {
    failConnection(context, ErrorCode.protocolError, "SETTINGS on a stream");
  } else if ((end - start) % settingBytes !== 0 || (isAck && end > start)) {
    failConnection(context, ErrorCode.frameSizeError, "SETTINGS of a wrong length");
  } else if (++context.floods.settingsFrames > context.limits.settingsFrames) {
    failLimit(context, "settingsFrames", "too many SETTINGS");
  } else if (end - start > context.limits.settingsEntries * settingBytes) {
    failLimit(context, "settingsEntries", "too many entries in SETTINGS");
  } else if (isAck) acknowledged(context);
  else if (checkAll(context, bytes, start, end)) {
    if (context.phase === Phase.firstSettings) beginRunning(context);
    if (applyAll(context, bytes, start, end)) acknowledge(context);
  }
}

function checkAll<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let at = start; at < end; at += settingBytes) {
    const code = checkSetting(idAt(bytes, at), readUint32(bytes, at + 2), !context.isServer);
    if (code !== ErrorCode.noError) {
      failConnection(context, code, `SETTINGS ${idAt(bytes, at)} must not be ${readUint32(bytes, at + 2)}`);
      return false;
    }
  }
  return true;
}

function beginRunning<Head, Data>(context: ConnectionContext<Head, Data>): void {
  context.phase = Phase.running;
  // No limit unless these very SETTINGS state one.
  context.peerConcurrentStreams = Number.POSITIVE_INFINITY;
}

/** False if the connection came to an end over it. */
function applyAll<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let window = context.peerStreamWindow;
  for (let at = start; at < end; at += settingBytes) {
    const value = readUint32(bytes, at + 2);
    switch (idAt(bytes, at)) {
      case SettingId.headerTableSize:
        context.encoder.setPeerTableSize(value);
        break;
      case SettingId.maxConcurrentStreams:
        context.peerConcurrentStreams = value;
        break;
      case SettingId.initialWindowSize:
        window = value;
        break;
      default:
      // MAX_FRAME_SIZE never lets us send less than we do, MAX_HEADER_LIST_SIZE is advice, unknown ones are ignored.
    }
  }
  // Once for the frame, not once for each entry: only the last value is ever seen by a stream.
  return window === context.peerStreamWindow || moveWindows(context, window);
}

/** Moves the window of every open stream by the change of the initial one (section 6.9.2); it may become negative. */
function moveWindows<Head, Data>(context: ConnectionContext<Head, Data>, window: number): boolean {
  const change = window - context.peerStreamWindow;
  context.peerStreamWindow = window;
  for (const stream of context.streams.toArray()) {
    if (!stream.send.move(change)) {
      failConnection(context, ErrorCode.flowControlError, "SETTINGS move a stream window above 2^31-1");
      return false;
    }
    noteReady(context, stream);
  }
  return true;
}

function acknowledge<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { output } = context;
  const at = output.begin(frameHeaderBytes);
  output.end(writeSettingsAck(output.bytes, at));
  countReply(context);
}

/** The peer knows our SETTINGS. */
function acknowledged<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (context.settingsSentMs < 0) return;
  context.roundTripMs = context.nowMs - context.settingsSentMs;
  context.settingsSentMs = -1;
  if (context.limits.headerTableBytes !== 4_096) context.decoder.setTableLimit(context.limits.headerTableBytes);
  if (context.announcedStreamWindow >= context.streamWindow) return;
  // A smaller window than the default counts from here on, also for streams that are open.
  const change = context.announcedStreamWindow - context.streamWindow;
  context.streamWindow = context.announcedStreamWindow;
  for (const stream of context.streams.toArray()) stream.receive.resize(change);
}

function idAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
