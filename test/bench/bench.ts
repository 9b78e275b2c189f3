// SPDX-License-Identifier: Apache-2.0
// `npm run bench [-- --quick] [-- --rounds N]`: CPU of the router per unary call, beside HAProxy in the same run.
//
// Machines are shared and noisy, so no figure stands alone: in every round each peer takes the same load in turn, and the
// figure is the median of the rounds' ratios. CPU is the measured process's own user + system time over the calls it
// completed. The measured process has one core, the clients and backends the other.
import { mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Running, startProcess } from "../harness/processes.ts";
import { startStack } from "../harness/stack.ts";
import { missingTool } from "../harness/tools.ts";
import { type Load, runLoad } from "./h2load.ts";
import { startHaproxy } from "./haproxy.ts";
import { processCpuMicros } from "./process-cpu.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
  },
});
// Few calls a round and many rounds: a burst of somebody else's work then spoils a round, not the median.
const rounds = Number(values.rounds ?? (values.quick ? 7 : 11));
const warmUpCalls = 60_000;
const payloadBytes = 7;

/** A load and the ratio to HAProxy that must hold. */
interface Case extends Load {
  readonly name: string;
  readonly atMost: number;
}
const cases: readonly Case[] = [
  { name: "7 B unary, 10 x 50", connections: 10, streams: 50, calls: values.quick ? 100_000 : 300_000, atMost: 0.4 },
  { name: "7 B unary, 1 x 1", connections: 1, streams: 1, calls: values.quick ? 10_000 : 30_000, atMost: 1.0 },
];

/** A process under measurement. */
interface Peer {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

const pinned = availableParallelism() > 1 && missingTool("taskset") === undefined;
const measured = pinned ? ["taskset", "-c", "0"] : [];
const others = pinned ? ["taskset", "-c", "1"] : [];

for (const tool of ["h2load", "haproxy"]) {
  const missing = missingTool(tool);
  if (missing === undefined) continue;
  console.log(`bench skipped: ${missing}`);
  process.exit(0);
}

const started: { stop(): Promise<void> }[] = [];
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  for (const one of started.reverse()) await one.stop();
}

async function run(): Promise<boolean> {
  const [router, haproxy] = await startPeers();
  const target = { requestFile: writeRequest(), answerBytes: 5 + 2 + payloadBytes };
  for (const peer of [router, haproxy]) {
    console.log(`warming up ${peer.name} with ${warmUpCalls} calls`);
    await runLoad({ connections: 10, streams: 50, calls: warmUpCalls }, { ...target, port: peer.port }, others);
  }
  let met = true;
  for (const one of cases) {
    const routerMicros: number[] = [];
    const haproxyMicros: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      routerMicros.push(await measure(router, one, { ...target, port: router.port }));
      haproxyMicros.push(await measure(haproxy, one, { ...target, port: haproxy.port }));
      process.stdout.write(`${one.name}: round ${round} of ${rounds}\r`);
    }
    const ratios = routerMicros.map((micros, index) => micros / (haproxyMicros[index] ?? Number.NaN));
    const ratio = median(ratios);
    met &&= ratio <= one.atMost;
    console.log(
      `${one.name}: router ${median(routerMicros).toFixed(2)} µs, HAProxy ${median(haproxyMicros).toFixed(2)} µs a call, ` +
        `ratio ${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}), ` +
        `at most ${one.atMost}: ${ratio <= one.atMost ? "met" : "NOT MET"}`,
    );
  }
  return met;
}

async function startPeers(): Promise<[Peer, Peer]> {
  const stack = await startStack({ services: ["echo"], routerPrefix: measured, instancePrefix: others });
  started.push(stack);
  const [command = "", ...prefix] = [...others, process.execPath];
  const backend: Running & { line: string } = await startProcess(command, {
    args: [...prefix, new URL("./backend-process.ts", import.meta.url).pathname],
    ready: /^ready /,
  });
  started.push(backend);
  const haproxy = await startHaproxy(Number(/:(\d+) /.exec(backend.line)?.[1]), measured);
  started.push(haproxy);
  return [
    { name: "router", pid: stack.router.pid, port: stack.port },
    { name: "HAProxy", pid: haproxy.pid, port: haproxy.port },
  ];
}

async function measure(peer: Peer, load: Load, target: Parameters<typeof runLoad>[1]): Promise<number> {
  const before = processCpuMicros(peer.pid);
  await runLoad(load, target, others);
  return (processCpuMicros(peer.pid) - before) / load.calls;
}

/** The length-prefixed EchoRequest. */
function writeRequest(): string {
  const file = join(mkdtempSync(join(tmpdir(), "grpc-router-bench-")), "request.bin");
  const message = Buffer.concat([Buffer.from([0x0a, payloadBytes]), Buffer.alloc(payloadBytes, "x")]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  writeFileSync(file, Buffer.concat([prefix, message]));
  return file;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
