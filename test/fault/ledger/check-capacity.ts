// SPDX-License-Identifier: Apache-2.0
import type { InstanceLedger } from "./check-ledger.ts";

/** Whether an instance ran more calls at once than it said that it takes. */
export function checkCapacity({ process, records, capacity }: InstanceLedger): string[] {
  if (capacity === undefined) return [];
  let open = 0;
  let most = 0;
  for (const { event } of records) {
    if (event === "begin") most = Math.max(most, ++open);
    if (event === "end") open--;
  }
  return most > capacity ? [`${process} ran ${most} calls at once, its capacity is ${capacity}`] : [];
}
