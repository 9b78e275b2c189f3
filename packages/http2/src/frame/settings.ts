// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "./error-code.js";
import { maxUint31, writeFrameHeader, writeUint32 } from "./frame-header.js";
import { FrameFlag, FrameType } from "./frame-type.js";

/** Identifiers of settings (RFC 9113 section 6.5.2). */
export const SettingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Octets of one entry. */
export const settingBytes = 6;

/** The windows of a connection and of its streams before any SETTINGS (section 6.9.2). */
export const defaultWindowBytes = 65_535;

/** Writes a SETTINGS frame of these entries; returns the offset behind it. */
export function writeSettings(
  target: Uint8Array,
  offset: number,
  entries: readonly (readonly [id: number, value: number])[],
): number {
  let at = writeFrameHeader(target, offset, entries.length * settingBytes, FrameType.settings, FrameFlag.none, 0);
  for (const [id, value] of entries) {
    target[at] = id >>> 8;
    target[at + 1] = id;
    at = writeUint32(target, at + 2, value);
  }
  return at;
}

/** Writes the acknowledgement of a SETTINGS frame; returns the offset behind it. */
export function writeSettingsAck(target: Uint8Array, offset: number): number {
  return writeFrameHeader(target, offset, 0, FrameType.settings, FrameFlag.ack, 0);
}

/** What is wrong with a value that a peer sent: the code of the connection error, `noError` if it may be used. */
export function checkSetting(id: number, value: number, fromServer: boolean): ErrorCode {
  switch (id) {
    case SettingId.enablePush:
      // A server must not send 1 (section 6.5.2): clients do not accept streams that nobody asked for.
      return value > 1 || (fromServer && value !== 0) ? ErrorCode.protocolError : ErrorCode.noError;
    case SettingId.initialWindowSize:
      return value > maxUint31 ? ErrorCode.flowControlError : ErrorCode.noError;
    case SettingId.maxFrameSize:
      return value < 16_384 || value > 16_777_215 ? ErrorCode.protocolError : ErrorCode.noError;
    default:
      return ErrorCode.noError;
  }
}
