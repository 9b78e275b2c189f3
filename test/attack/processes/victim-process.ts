// SPDX-License-Identifier: Apache-2.0
// The victim: one connection that calls the echo service at a steady rate while somebody else attacks. Answers `connect`,
// `start`, `stop`, `pause` and `resume`.
import { linkToParent } from "../../harness/link.ts";
import { Path, payloadField } from "../raw/orders.ts";
import { isOk, openRawClient, type RawCallResult, type RawClient } from "../raw/raw-client.ts";
import type { VictimReport } from "../rig/victim.ts";
import type { TargetAddress } from "../targets/target.ts";

/** Milliseconds between two calls. A call starts when its time has come, answered or not those before it. */
const intervalMs = 5;
const payloadBytes = 64;
/** Milliseconds for the calls that are open at the end. */
const lastCallMs = 10_000;

const message = payloadField(1, payloadBytes);
/** The message with its prefix. */
const answerBytes = 5 + message.length;

let client: RawClient | undefined;
let target: TargetAddress | undefined;
let isMeasured = false;
let timer: NodeJS.Timeout | undefined;
let results: RawCallResult[] = [];
let open = new Set<Promise<unknown>>();

function call(): void {
  if (client === undefined) throw new Error("Cannot call: the victim must be connected");
  const mine = results;
  const one = client.call({ path: Path.echo, messages: [message] }).then((result) => mine.push(result));
  open.add(one);
  void one.finally(() => open.delete(one));
}

async function stop(): Promise<VictimReport> {
  isMeasured = false;
  clearInterval(timer);
  const unanswered = open;
  await Promise.race([Promise.all(unanswered), new Promise((resolve) => setTimeout(resolve, lastCallMs).unref())]);
  const good = results.filter((result) => isOk(result) && result.dataBytes === answerBytes);
  const failures = results.filter((result) => !good.includes(result)).map(({ how, status }) => `${how} ${status}`);
  return {
    calls: results.length + unanswered.size,
    failures: [...failures, ...Array.from(unanswered, () => "unanswered")],
    timesMs: good.map(({ durationMs }) => durationMs),
  };
}

linkToParent({
  async connect(address: TargetAddress) {
    target = address;
    client = await openRawClient(address);
  },
  async start() {
    // Between two attacks the victim is idle, and some targets close idle connections: that is no harm.
    if (target !== undefined && client?.connection.over) client = await openRawClient(target);
    results = [];
    open = new Set();
    isMeasured = true;
    timer = setInterval(call, intervalMs);
  },
  async pause() {
    clearInterval(timer);
    await Promise.race([Promise.all(open), new Promise((resolve) => setTimeout(resolve, lastCallMs).unref())]);
  },
  resume() {
    if (isMeasured) timer = setInterval(call, intervalMs);
  },
  stop,
});
process.once("SIGTERM", () => process.exit(0));
console.log("ready");
