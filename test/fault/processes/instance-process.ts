// SPDX-License-Identifier: Apache-2.0
// An instance that keeps a ledger: `node instance-process.ts --url URL --id ID --ledger FILE …`. It says `registered` once
// the router has welcomed it, then every record of its ledger, and follows `InstanceCommand`s.
import { parseArgs } from "node:util";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { resourceCounts } from "../../harness/resource-counts.ts";
import { ledgerServiceBridge } from "../gen/ledger/v1/ledger_bridge.ts";
import { LedgerFile } from "../ledger/ledger-file.ts";
import type { InstanceRecord } from "../ledger/records.ts";
import { type InstanceCommand, readCommands, say } from "./command.ts";
import { Gate } from "./gate.ts";
import { createLedgerService, type ExecutionCounts } from "./ledger-service.ts";
import { type Plant, plantLie } from "./plant-lie.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8080" },
    id: { type: "string", default: "instance" },
    ledger: { type: "string", default: "/dev/null" },
    capacity: { type: "string" },
    "grace-ms": { type: "string", default: "20000" },
    /** Calls are held until `release`. */
    hold: { type: "boolean", default: false },
    /** A fault that the checker must find. */
    plant: { type: "string" },
  },
});
const counts: ExecutionCounts = { begun: 0, open: 0 };
const ledger = new LedgerFile<InstanceRecord>(values.ledger);
const gate = new Gate({ isOpen: !values.hold });
let atEnd: () => void = () => {};
const host = {
  id: values.id,
  gate,
  write(record: InstanceRecord) {
    ledger.append(record);
    say(record);
  },
  onEnding: () => atEnd(),
};
const honest = createLedgerService(host, counts);
const service = values.plant === undefined ? honest : plantLie(values.plant as Plant, honest, host);
const bridge = createBridge({
  id: values.id,
  ...(values.capacity === undefined ? {} : { capacity: Number(values.capacity) }),
}).service(ledgerServiceBridge, service);
const connection = dialRouter(bridge, { url: values.url, logger: createConsoleLogger({ level: "info" }) });
// Before the line that makes others send signals.
process.once(
  "SIGTERM",
  () => void connection.drain({ timeoutMs: Number(values["grace-ms"]) }).then(() => process.exit(0)),
);
readCommands<InstanceCommand>((command) => {
  if (command.do === "release") gate.open();
  if (command.do === "probe") say({ event: "probe", token: command.token, open: counts.open, ...resourceCounts() });
  if (command.do === "signal-at-end") atEnd = () => signalSelf(command.signal, command.late);
});
await connection.ready;
say({ event: "registered", t: Date.now() });

function signalSelf(signal: NodeJS.Signals, late: boolean): void {
  atEnd = () => {};
  say({ event: "signalled", t: Date.now() });
  if (late) setImmediate(() => process.kill(process.pid, signal));
  else process.kill(process.pid, signal);
}
