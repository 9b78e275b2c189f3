// SPDX-License-Identifier: Apache-2.0
// `npm run bench:micro [-- --only TEXT] [-- --quick] [-- --write]`: parts of the hot path without sockets, in nanoseconds and allocated bytes
// per operation. Absolute times are those of this machine and this hour; what counts is one beside another.
import { parseArgs } from "node:util";
import { followOperations } from "./micro/follow.ts";
import { frameOperations } from "./micro/frames.ts";
import { hpackOperations } from "./micro/hpack.ts";
import { keyOperations } from "./micro/keys.ts";
import { measureOperation } from "./micro/measure-operation.ts";
import { metricOperations } from "./micro/metrics.ts";
import { pageOperations, writeMicroPage } from "./micro/micro-page.ts";
import { pickOperations } from "./micro/pick.ts";
import { pickByKeyOperations } from "./micro/pick-by-key.ts";
import { spliceOperations } from "./micro/splice.ts";
import { tableOperations } from "./micro/tables.ts";

const { values } = parseArgs({
  options: {
    /** Operations whose names have this in them. */
    only: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
    /** Measures picks and keys, and writes their part of docs/balancing.md. */
    write: { type: "boolean", default: false },
  },
});
const effort = values.quick ? { rounds: 3, roundMs: 20 } : { rounds: 7, roundMs: 200 };
const operations = [
  ...hpackOperations,
  ...frameOperations(),
  ...spliceOperations,
  ...tableOperations(),
  ...metricOperations(),
  ...followOperations(),
  ...pickOperations,
  ...pickByKeyOperations(),
  ...keyOperations,
].filter(({ name }) =>
  values.write ? pageOperations.some((prefix) => name.startsWith(prefix)) : name.includes(values.only),
);

console.log(`${"ns".padStart(10)} ${"bytes".padStart(8)}  operation`);
const costs = operations.map((operation) => {
  const cost = measureOperation(operation, effort);
  console.log(`${cost.nanos.toFixed(1).padStart(10)} ${cost.bytes.toFixed(1).padStart(8)}  ${cost.name}`);
  return cost;
});
if (values.write) writeMicroPage(costs);
