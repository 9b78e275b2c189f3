// SPDX-License-Identifier: Apache-2.0

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

/** `size` bytes that differ, so that a lost or moved slice shows. */
export function pattern(size: number, seed = 0): Uint8Array {
  const data = new Uint8Array(size);
  for (let at = 0; at < size; at++) data[at] = (at * 31 + (at >> 8) + seed) & 0xff;
  return data;
}
