// SPDX-License-Identifier: Apache-2.0

/** Octets of a SHA-256. */
export const digestBytes = 32;

/**
 * Where in `digests`, one behind the other, `digest` stands; -1 if nowhere.
 *
 * It reads every octet of every digest, whatever it has found by then, and branches on none: how long it takes tells
 * neither how much of a token was right nor whose token it was. What is compared are hashes of what peers send, so
 * nobody can choose the octets either.
 */
export function findDigest(digests: ArrayLike<number>, digest: ArrayLike<number>): number {
  const count = Math.floor(digests.length / digestBytes);
  let found = -1;
  for (let index = 0; index < count; index++) {
    let difference = 0;
    for (let at = 0; at < digestBytes; at++) {
      difference |= (digests[index * digestBytes + at] ?? 0) ^ (digest[at] ?? 0);
    }
    const isEqual = (difference - 1) >> 31; // all ones if nothing differs, else 0, as a difference is at most 255
    found = (found & ~isEqual) | (index & isEqual);
  }
  return found;
}
