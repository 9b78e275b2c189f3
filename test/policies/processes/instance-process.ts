// SPDX-License-Identifier: Apache-2.0
// An instance of FaultService whose conduct a test can change: `node instance-process.ts --url URL --id ID --conduct JSON`.
// It prints `registered`, a line `ran JSON` for each call before anything else is done for it, and `aborted NAME REASON`.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { faultServiceBridge } from "../../faults/gen/faults/v1/faults_bridge.ts";
import type { Order } from "../../faults/gen/faults/v1/faults_pb.ts";
import { linkToParent } from "../../harness/link.ts";
import type { Conduct, Ran } from "../conduct.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "" },
    id: { type: "string", default: "" },
    conduct: { type: "string", default: "{}" },
  },
});
let conduct: Conduct = JSON.parse(values.conduct);
/** Runs of each method so far. */
const runs = new Map<string, number>();

async function run(order: Order, context: HandlerContext) {
  const attemptsBefore = Number(context.requestHeader.get("grpc-previous-rpc-attempts") ?? 0);
  const { delayMs = 0 } = conduct;
  const code = nextCode(context.method.name);
  say({
    name: order.name,
    method: context.method.name,
    attemptsBefore,
    timeoutMs: context.timeoutMs() ?? null,
    code,
  });
  if (delayMs > 0) await untilLater(delayMs, order, context);
  if (code !== 0) throw new ConnectError(`${values.id} fails`, code);
  return { instance: values.id, attemptsBefore };
}

/** How the next run of a method ends: of every 20 in a row exactly as many fail as the shares say, spread among them. */
function nextCode(method: string): Code | 0 {
  const count = runs.get(method) ?? 0;
  runs.set(method, count + 1);
  const draw = ((count * 7) % 20) / 20;
  const { unavailableShare = 0, internalShare = 0 } = conduct;
  if (draw < unavailableShare) return Code.Unavailable;
  return draw < unavailableShare + internalShare ? Code.Internal : 0;
}

/** Waits, unless the call ends before. */
async function untilLater(delayMs: number, { name }: Order, { signal }: HandlerContext): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    console.log(`aborted ${name} ${signal.reason}`);
    throw error;
  }
}

function say(ran: Ran): void {
  console.log(`ran ${JSON.stringify(ran)}`);
}

const bridge = createBridge({ id: values.id }).service(faultServiceBridge, { run, repeat: run });
const connection = dialRouter(bridge, { url: values.url, logger: createConsoleLogger({ level: "warn" }) });
process.once("SIGTERM", () => void connection.drain({ timeoutMs: 1_000 }).then(() => process.exit(0)));
linkToParent({
  behave(next: Conduct) {
    conduct = next;
  },
  write: (line: string) => console.log(line),
});
await connection.ready;
console.log("registered");
