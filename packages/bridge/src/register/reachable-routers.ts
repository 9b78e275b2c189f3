// SPDX-License-Identifier: Apache-2.0

/**
 * The routers to dial: those that are configured, those that they name, those that these name, and so on, at most `limit`,
 * the nearest first. Two that only name each other do not keep each other.
 */
export function reachableRouters(
  configured: readonly string[],
  namesOf: (url: string) => readonly string[],
  limit: number,
): string[] {
  const found = [...new Set(configured)];
  // The list grows while it is walked.
  for (const url of found) {
    for (const name of namesOf(url)) {
      if (found.length >= limit) return found;
      if (!found.includes(name)) found.push(name);
    }
  }
  return found;
}
