// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes } from "../frame/frame-header.js";
import { clientPreface } from "../frame/preface.js";
import { defaultWindowBytes, SettingId, settingBytes, writeSettings } from "../frame/settings.js";
import type { ConnectionContext } from "./connection-context.js";
import { sendWindowUpdate } from "./send-control.js";

const maxEntries = 6;
const defaultHeaderTableBytes = 4_096;

/** Sends our side of the preface (RFC 9113 section 3.4): SETTINGS, and the connection window that no setting can state. */
export function sendOwnSettings<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { output } = context;
  let at = output.begin(clientPreface.length + frameHeaderBytes + maxEntries * settingBytes);
  if (!context.isServer) {
    output.bytes.set(clientPreface, at);
    at += clientPreface.length;
  }
  output.end(writeSettings(output.bytes, at, ownSettings(context)));
  context.settingsSentMs = context.nowMs;
  const more = context.receive.size - defaultWindowBytes;
  if (more > 0) sendWindowUpdate(context, 0, more);
}

/** Only what differs from the defaults of section 6.5.2. */
function ownSettings<Head, Data>(context: ConnectionContext<Head, Data>): [id: number, value: number][] {
  const { limits } = context;
  const entries: [number, number][] = [];
  if (context.isServer) entries.push([SettingId.maxConcurrentStreams, limits.concurrentStreams]);
  else entries.push([SettingId.enablePush, 0]);
  if (context.announcedStreamWindow !== defaultWindowBytes) {
    entries.push([SettingId.initialWindowSize, context.announcedStreamWindow]);
  }
  if (limits.headerTableBytes !== defaultHeaderTableBytes) {
    entries.push([SettingId.headerTableSize, limits.headerTableBytes]);
  }
  entries.push([SettingId.maxHeaderListSize, limits.headerListBytes]);
  return entries;
}
