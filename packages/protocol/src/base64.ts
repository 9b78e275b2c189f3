// SPDX-License-Identifier: Apache-2.0

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
const encodeTable = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const decodeTable = new Int8Array(128).fill(-1);
for (let index = 0; index < encodeTable.length; index++) decodeTable[encodeTable[index] as number] = index;

/** Octets of the unpadded base64 of `size` octets. */
export function sizeofBase64(size: number): number {
  return Math.ceil((size * 4) / 3);
}

/** Writes `source[start, end)` as base64 without padding, as gRPC sends it, and returns the offset behind it. */
export function writeBase64(
  target: Uint8Array,
  offset: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  let at = offset;
  let index = start;
  for (; index + 2 < end; index += 3) {
    const bits =
      ((source[index] as number) << 16) | ((source[index + 1] as number) << 8) | (source[index + 2] as number);
    target[at++] = encodeTable[bits >> 18] as number;
    target[at++] = encodeTable[(bits >> 12) & 63] as number;
    target[at++] = encodeTable[(bits >> 6) & 63] as number;
    target[at++] = encodeTable[bits & 63] as number;
  }
  if (index === end) return at;
  const bits = ((source[index] as number) << 16) | (index + 1 < end ? (source[index + 1] as number) << 8 : 0);
  target[at++] = encodeTable[bits >> 18] as number;
  target[at++] = encodeTable[(bits >> 12) & 63] as number;
  if (index + 1 < end) target[at++] = encodeTable[(bits >> 6) & 63] as number;
  return at;
}

/** The octets of the base64 text `source[start, end)`, padded or not; undefined if it is none. */
export function decodeBase64(source: Uint8Array, start: number, end: number): Uint8Array | undefined {
  const last = withoutPadding(source, start, end);
  const size = last - start;
  if (size % 4 === 1 || (last !== end && (end - start) % 4 !== 0)) return undefined;
  const target = new Uint8Array(Math.floor((size * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let index = start; index < last; index++) {
    const letter = source[index] as number;
    const value = letter < 128 ? (decodeTable[letter] as number) : -1;
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    target[at++] = (bits >> bitCount) & 0xff;
  }
  return target;
}

/** Base64 without padding, for a "-bin" field. */
export function encodeBinaryValue(bytes: Uint8Array): string {
  const target = new Uint8Array(sizeofBase64(bytes.length));
  writeBase64(target, 0, bytes, 0, bytes.length);
  let text = "";
  for (const letter of target) text += String.fromCharCode(letter);
  return text;
}

/** The octets of a "-bin" field's value, padded or not; undefined if it is no base64. Split joined values at "," before. */
export function decodeBinaryValue(text: string): Uint8Array | undefined {
  const source = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) source[index] = Math.min(text.charCodeAt(index), 0xff);
  return decodeBase64(source, 0, source.length);
}

function withoutPadding(source: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && end - last < 2 && source[last - 1] === PADDING) last--;
  return last;
}
