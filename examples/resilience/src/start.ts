// SPDX-License-Identifier: Apache-2.0
// `node examples/resilience/dist/start.js [--seconds N]`: one fleet with faults behind two routers, one of them with the
// policies of policies.yaml, and a table of what the clients of each see.
import { fileURLToPath } from "node:url";
import { createConsoleLogger, createRouter, type RouterServer, readPolicies, serveRouter } from "@grpc-router/node";
import { Caller, type Seen } from "./caller.js";
import { fleet, sleep, startInstance } from "./fleet.js";
import { stockServiceRouter } from "./gen/acme/stock/v1/stock_router.js";
import { formatTable, percent, type Side } from "./table.js";

const callsPerSecond = 200;
const seconds = readSeconds(process.argv.slice(2));
const file = fileURLToPath(new URL("../policies.yaml", import.meta.url));
const logger = createConsoleLogger({ level: "error" });

const plain = await serveRouter(createRouter({ balance: "round_robin" }).service(stockServiceRouter), {
  port: 0,
  logger,
});
const policies = new Map([...readPolicies(file, [stockServiceRouter.service])].map(([name, layer]) => [name, [layer]]));
const guarded = await serveRouter(createRouter({ policies }).service(stockServiceRouter), { port: 0, logger });
const instances = await Promise.all(fleet.map((behaviour) => startInstance(behaviour, [plain.url, guarded.url])));
console.log(
  `${fleet.length} instances behind two routers, ${callsPerSecond} calls a second to each. Ctrl-C ends it.\n`,
);

const sides = [
  { name: "round robin alone", server: plain, caller: callerOf(plain), calls: 0, errors: 0 },
  { name: "with policies.yaml", server: guarded, caller: callerOf(guarded), calls: 0, errors: 0 },
];
let isOver = false;
process.once("SIGINT", () => {
  isOver = true;
});
for (const { caller } of sides) caller.start(callsPerSecond);
for (let second = 1; second <= seconds && !isOver; second++) {
  await sleep(1_000);
  show(
    second,
    sides.map((side) => ({ ...side, seen: note(side) })),
  );
}
for (const { caller } of sides) caller.stop();
for (const { name, calls, errors } of sides)
  console.log(`${name}: ${errors} of ${calls} calls failed (${percent(errors, calls)})`);
await Promise.all([...instances.map((instance) => instance.stop()), plain.close(), guarded.close()]);
process.exit(0);

function callerOf({ address }: RouterServer): Caller {
  return new Caller(`${address.host}:${address.port}`);
}

function note(side: (typeof sides)[number]): Seen {
  const seen = side.caller.take();
  side.calls += seen.calls;
  side.errors += seen.errors;
  return seen;
}

function show(
  second: number,
  shown: readonly (Omit<Side, "instances" | "stats"> & { readonly server: RouterServer })[],
): void {
  const table = formatTable(
    shown.map(({ name, seen, server }) => ({ name, seen, instances: server.instances(), stats: server.policyStats() })),
  );
  // On a terminal the table stays where it is.
  if (process.stdout.isTTY && second > 1) process.stdout.write(`\u001b[${table.split("\n").length}A\u001b[J`);
  console.log(table);
}

function readSeconds(args: readonly string[]): number {
  const at = args.indexOf("--seconds");
  if (at < 0) return Number.POSITIVE_INFINITY;
  const value = Number(args[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`Cannot start: --seconds must be a whole number above 0, received ${args[at + 1] ?? "nothing"}`);
  process.exit(2);
}
