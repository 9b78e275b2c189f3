// SPDX-License-Identifier: Apache-2.0

/** What keeps a Node process running, by Node's name for its kind: `{ TCPSocketWrap: 3, Timeout: 1 }`. */
export type ResourceCounts = Readonly<Record<string, number>>;

/** Counts the handles, requests and timers of this process. */
export function resourceCounts(): ResourceCounts {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
