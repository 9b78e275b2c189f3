// SPDX-License-Identifier: Apache-2.0
import type { Scheduler } from "@grpc-router/http2";
import { StreamRecord } from "../../../packages/http2/dist/stream/stream-record.js";
import { StreamTable } from "../../../packages/http2/dist/stream/stream-table.js";
import { createTimerWheel } from "../../../packages/runtime/dist/resilience/timer-wheel.js";
import type { Operation } from "./operation.ts";

/** Streams and deadlines that are open beside the one that comes and goes. */
const open = 500;

/** A call's record, as far as the wheel goes. */
class Entry {
  wheelDueMs = 0;
  wheelSlot = -1;
  wheelPrevious: this | undefined = undefined;
  wheelNext: this | undefined = undefined;
}

/** Time stands still and no timer fires. */
const scheduler: Scheduler = { nowMs: () => 0, defer() {}, after: () => ({ cancel() {} }) };

/** The structures that every call passes through. */
export function tableOperations(): Operation[] {
  const table = new StreamTable<true>();
  const records = Array.from({ length: open }, (_, index) => {
    const record = new StreamRecord<true>();
    record.id = 2 * index + 1;
    table.add(record);
    return record;
  });
  let nextId = 2 * open + 1;
  const wheel = createTimerWheel<Entry>({ scheduler, onDue() {} });
  const entries = Array.from({ length: open }, (_, index) => {
    const entry = new Entry();
    wheel.insert(entry, 1_000 + index);
    return entry;
  });
  return [
    {
      name: `streams: out of the table of ${open}, in, and found`,
      run(count) {
        let sum = 0;
        for (let index = 0; index < count; index++) {
          const record = records[index % open];
          if (record === undefined) continue;
          table.remove(record);
          record.id = nextId;
          nextId += 2;
          table.add(record);
          sum += table.get(record.id)?.id ?? 0;
        }
        return sum;
      },
    },
    {
      name: `timers: a deadline out of the wheel of ${open} and in`,
      run(count) {
        for (let index = 0; index < count; index++) {
          const entry = entries[index % open];
          if (entry === undefined) continue;
          wheel.remove(entry);
          wheel.insert(entry, 1_000 + (index % 10_000));
        }
        return wheel.size;
      },
    },
  ];
}
