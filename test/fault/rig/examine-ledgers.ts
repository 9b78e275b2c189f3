// SPDX-License-Identifier: Apache-2.0
import { type Allowance, checkLedger, type Findings } from "../ledger/check-ledger.ts";
import { readLedger } from "../ledger/ledger-file.ts";
import type { ClientRecord, InstanceRecord } from "../ledger/records.ts";
import type { Fleet } from "./fleet.ts";

/** What a scenario says of its calls, as in `Scenario`. */
export interface Terms {
  readonly allows: readonly Allowance[];
  readonly delayMs?: number;
  readonly clientDelayMs?: number;
  readonly mustSucceed: readonly string[];
}

/** Reads the ledgers of all processes that a fleet ever had and holds them against each other. */
export function examineLedgers(fleet: Fleet, { allows, delayMs = 0, clientDelayMs, mustSucceed }: Terms): Findings {
  return checkLedger({
    clients: fleet.clientProcesses.map((client) => ({
      name: client.name,
      records: readLedger<ClientRecord>(client.ledger),
      survived: fleet.survived(client),
    })),
    instances: fleet.processes.map((instance) => ({
      process: instance.name,
      records: readLedger<InstanceRecord>(instance.ledger),
      capacity: fleet.capacity,
      disturbedMs: instance.disturbedMs,
      survived: fleet.survived(instance),
    })),
    allows,
    delayMs,
    clientDelayMs,
    mustSucceed,
  });
}
