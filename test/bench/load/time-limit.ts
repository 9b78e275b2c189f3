// SPDX-License-Identifier: Apache-2.0

/** What no load takes, even on a busy machine: a call that is never answered would else keep a run for ever. */
const limitSeconds = 120;

/** `prefix`, with an end to what it starts; a program that is cut off ends with code 124. */
export function withTimeLimit(prefix: readonly string[]): string[] {
  return [...prefix, "timeout", "-k", "2", `${limitSeconds}`];
}
