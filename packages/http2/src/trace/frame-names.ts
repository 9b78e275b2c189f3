// SPDX-License-Identifier: Apache-2.0
import { FrameType } from "../frame/frame-type.js";

/** Types of frames by number: RFC 9113 section 6, then ALTSVC (RFC 7838), ORIGIN (RFC 8336), PRIORITY_UPDATE (RFC 9218). */
const types = new Map<number, string>([
  [FrameType.data, "DATA"],
  [FrameType.headers, "HEADERS"],
  [FrameType.priority, "PRIORITY"],
  [FrameType.rstStream, "RST_STREAM"],
  [FrameType.settings, "SETTINGS"],
  [FrameType.pushPromise, "PUSH_PROMISE"],
  [FrameType.ping, "PING"],
  [FrameType.goaway, "GOAWAY"],
  [FrameType.windowUpdate, "WINDOW_UPDATE"],
  [FrameType.continuation, "CONTINUATION"],
  [0x0a, "ALTSVC"],
  [0x0c, "ORIGIN"],
  [0x10, "PRIORITY_UPDATE"],
]);

const block: readonly (readonly [bit: number, name: string])[] = [
  [0x4, "END_HEADERS"],
  [0x8, "PADDED"],
];

/** Flags by type of frame, in the order of their bits. */
const flagsOfType = new Map<number, readonly (readonly [bit: number, name: string])[]>([
  [
    FrameType.data,
    [
      [0x1, "END_STREAM"],
      [0x8, "PADDED"],
    ],
  ],
  [FrameType.headers, [[0x1, "END_STREAM"], ...block, [0x20, "PRIORITY"]]],
  [FrameType.settings, [[0x1, "ACK"]]],
  [FrameType.pushPromise, block],
  [FrameType.ping, [[0x1, "ACK"]]],
  [FrameType.continuation, [[0x4, "END_HEADERS"]]],
]);

/** Settings by number: RFC 9113 section 6.5.2, then RFC 8441 and RFC 9218. */
const settings = new Map<number, string>([
  [1, "HEADER_TABLE_SIZE"],
  [2, "ENABLE_PUSH"],
  [3, "MAX_CONCURRENT_STREAMS"],
  [4, "INITIAL_WINDOW_SIZE"],
  [5, "MAX_FRAME_SIZE"],
  [6, "MAX_HEADER_LIST_SIZE"],
  [8, "ENABLE_CONNECT_PROTOCOL"],
  [9, "NO_RFC7540_PRIORITIES"],
]);

/** The name of a type of frame; `TYPE_0x77` for one without. */
export function nameOfFrameType(type: number): string {
  return types.get(type) ?? `TYPE_${hexOf(type)}`;
}

/** The flags that are set, such as `END_STREAM|END_HEADERS`; bits without a meaning as a number. Empty if none is. */
export function namesOfFlags(type: number, flags: number): string {
  const names: string[] = [];
  let rest = flags;
  for (const [bit, name] of flagsOfType.get(type) ?? []) {
    if ((rest & bit) === 0) continue;
    names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push(hexOf(rest));
  return names.join("|");
}

/** The name of a setting; `SETTING_0x63` for one without. */
export function nameOfSetting(id: number): string {
  return settings.get(id) ?? `SETTING_${hexOf(id)}`;
}

function hexOf(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
