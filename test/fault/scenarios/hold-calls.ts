// SPDX-License-Identifier: Apache-2.0
import type { Method } from "../ledger/records.ts";
import { clientNames, type Fleet } from "../rig/fleet.ts";

/** Begins calls of each client, `copies` of each method, that stand in user code until the fleet is released. Resolves when all do. */
export async function holdCalls(fleet: Fleet, kinds: readonly Method[], copies = 1): Promise<string[]> {
  const orders = kinds.flatMap((method) =>
    Array.from({ length: copies }, () => ({ method, hold: "running" }) as const),
  );
  const calls = clientNames.flatMap((client) => orders.map((order) => fleet.call(client, order)));
  await fleet.journal.untilEach("runs", calls, (entry) => entry.event === "in" && "run" in entry);
  return calls;
}
