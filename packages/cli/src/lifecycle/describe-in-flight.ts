// SPDX-License-Identifier: Apache-2.0

/** What a process still has to do before it may end. */
export interface Work {
  /** Open calls, by path. */
  readonly calls: ReadonlyMap<string, number>;
  /** Registrations that others hold here; undefined: nobody can. */
  readonly registrations?: number | undefined;
}

/** Methods that are named; the rest is counted, so that the text stays a line. */
const NAMED_METHODS = 4;

/** `3 calls (2 /acme.user.v1.UserService/GetUser, 1 …), 2 registrations`, the busiest methods first. */
export function describeInFlight({ calls, registrations }: Work): string {
  const busiest = [...calls].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const named = busiest.slice(0, NAMED_METHODS).map(([path, count]) => `${count} ${path}`);
  const unnamed = busiest.slice(NAMED_METHODS);
  if (unnamed.length > 0) named.push(`${sum(unnamed)} of ${count(unnamed.length, "other method")}`);
  const open = `${count(sum(busiest), "call")}${named.length > 0 ? ` (${named.join(", ")})` : ""}`;
  return registrations === undefined ? open : `${open}, ${count(registrations, "registration")}`;
}

function sum(counts: readonly (readonly [string, number])[]): number {
  return counts.reduce((total, [, one]) => total + one, 0);
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number === 0 ? "no" : number} ${what}s`;
}
