// SPDX-License-Identifier: Apache-2.0
import { nameOfErrorCode } from "../frame/error-code.js";
import { readUint31, readUint32 } from "../frame/frame-header.js";
import { FrameType } from "../frame/frame-type.js";
import { goawayBytes } from "../frame/goaway.js";
import { pingBytes } from "../frame/ping.js";
import { rstStreamBytes } from "../frame/rst-stream.js";
import { settingBytes } from "../frame/settings.js";
import { windowUpdateBytes } from "../frame/window-update.js";
import { maxTracedSettings } from "../limits.js";
import { escapeOctets } from "./escape-octets.js";
import { nameOfSetting } from "./frame-names.js";

/** Octets of the priority fields of PRIORITY and HEADERS (RFC 9113 section 5.3.2). */
export const priorityBytes = 5;

/** The payload `bytes[start, end)` of a frame that needs no memory of other frames, word by word. */
export function describePayload(type: number, bytes: Uint8Array, start: number, end: number): string[] {
  switch (type) {
    case FrameType.priority:
      return fits(start, end, priorityBytes) ?? [describePriority(bytes, start)];
    case FrameType.rstStream:
      return fits(start, end, rstStreamBytes) ?? [`code=${nameOfErrorCode(readUint32(bytes, start))}`];
    case FrameType.settings:
      return describeSettings(bytes, start, end);
    case FrameType.ping:
      return fits(start, end, pingBytes) ?? [`opaque=${hexOf(bytes, start, end)}`];
    case FrameType.goaway:
      return describeGoaway(bytes, start, end);
    case FrameType.windowUpdate:
      return fits(start, end, windowUpdateBytes) ?? [`increment=${readUint31(bytes, start)}`];
    default:
      return [];
  }
}

/** The priority fields at `start`. */
export function describePriority(bytes: Uint8Array, start: number): string {
  const exclusive = ((bytes[start] ?? 0) & 0x80) === 0 ? "" : " exclusive";
  return `depends=${readUint31(bytes, start)} weight=${(bytes[start + 4] ?? 0) + 1}${exclusive}`;
}

/** Says what is wrong with a frame. */
export function broken(rule: string): string {
  return `(broken: ${rule})`;
}

/** Settings in the frame, as [id, value]. */
export function* eachSetting(bytes: Uint8Array, start: number, end: number): Generator<[id: number, value: number]> {
  for (let at = start; at + settingBytes <= end; at += settingBytes) {
    yield [((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0), readUint32(bytes, at + 2)];
  }
}

function describeSettings(bytes: Uint8Array, start: number, end: number): string[] {
  const words: string[] = [];
  let count = 0;
  for (const [id, value] of eachSetting(bytes, start, end)) {
    if (++count <= maxTracedSettings) words.push(`${nameOfSetting(id)}=${value}`);
  }
  if (count > maxTracedSettings) words.push(`(${count - maxTracedSettings} more)`);
  if ((end - start) % settingBytes !== 0) words.push(broken(`length must be a multiple of ${settingBytes}`));
  return words;
}

function describeGoaway(bytes: Uint8Array, start: number, end: number): string[] {
  if (end - start < goawayBytes) return [broken(`length must be at least ${goawayBytes}`)];
  const words = [`last=${readUint31(bytes, start)}`, `code=${nameOfErrorCode(readUint32(bytes, start + 4))}`];
  const debug = start + goawayBytes;
  if (debug < end) words.push(`debug="${escapeOctets(bytes, debug, end).replaceAll('"', '\\"')}"`);
  return words;
}

function fits(start: number, end: number, octets: number): string[] | undefined {
  return end - start === octets ? undefined : [broken(`length must be ${octets}`)];
}

function hexOf(bytes: Uint8Array, start: number, end: number): string {
  return Array.from(bytes.subarray(start, end), (octet) => octet.toString(16).padStart(2, "0")).join("");
}
