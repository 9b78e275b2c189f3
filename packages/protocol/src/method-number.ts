// SPDX-License-Identifier: Apache-2.0

/** Numbers made from names begin here: beyond the pins and beyond what protobuf keeps for itself (19000 to 19999). */
export const FIRST_HASHED_NUMBER = 20_000;
/** How many numbers there are for names; all of them have a tag of three octets. */
export const HASHED_NUMBERS = 242_144;
/** The lowest number of a method; 8 to 15 have a tag of one octet. */
export const FIRST_METHOD_NUMBER = 8;
/** The highest number that no hash can meet and protobuf does not keep for itself. */
export const LAST_PINNED_NUMBER = 18_999;
/** The highest field number of protobuf. */
export const LAST_METHOD_NUMBER: number = 2 ** 29 - 1;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const encoder = new TextEncoder();

/**
 * The number of a method that neither an option nor a pin numbers: 20000 + FNV-1a-32 of its simple name mod 242144
 * (docs/channel.md section 2). The same name has the same number in every service and version.
 *
 * @example
 * methodNumber("GetUser"); // 173444
 */
export function methodNumber(methodName: string): number {
  let hash = FNV_OFFSET;
  for (const octet of encoder.encode(methodName)) hash = Math.imul(hash ^ octet, FNV_PRIME);
  return FIRST_HASHED_NUMBER + ((hash >>> 0) % HASHED_NUMBERS);
}

/** Whether a method may have this number on a channel: 8 to 18999 or 20000 to 2^29-1. */
export function isMethodNumber(number: number): boolean {
  if (!Number.isInteger(number) || number < FIRST_METHOD_NUMBER || number > LAST_METHOD_NUMBER) return false;
  return number <= LAST_PINNED_NUMBER || number >= FIRST_HASHED_NUMBER;
}
