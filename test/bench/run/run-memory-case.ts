// SPDX-License-Identifier: Apache-2.0
import { setTimeout } from "node:timers/promises";
import { residentBytes, watchPeak } from "../../harness/memory.ts";
import type { ProcessState } from "../../harness/process-state.ts";
import type { MemoryCase } from "../cases/bench-case.ts";
import { runH2load } from "../load/h2load.ts";
import { missingLoad, runLoad } from "../load/run-load.ts";
import { openFileLimit } from "../measure/open-file-limit.ts";
import { findPace } from "../measure/pace.ts";
import { missingGo } from "../peers/go-programs.ts";
import type { PeerName, PeerSpec, RunningPeer } from "../peers/peer.ts";
import { peers } from "../peers/peers.ts";
import { startInstances } from "../peers/router.ts";
import type { MemoryResult, MemorySeries } from "../report/bench-report.ts";
import { type BenchRun, canMeasure } from "./bench-run.ts";
import { hold } from "./hold.ts";
import { targetOf } from "./run-cpu-case.ts";

/** Before memory is read: what has just been done is over by then. */
const settleMs = 1_000;
/** Descriptors of a process beside those that it holds for the measurement. */
const spareDescriptors = 1_000;
const connectionsWithCalls = 100;
const largeMessageBytes = 64 * 1024 * 1024;
const warmUpLoad = { connections: 10, streams: 50 };

/** How much is measured of what. */
interface Subject {
  readonly name: PeerName;
  readonly count: number;
}

/** Measures memory per thing held, of processes that were started for it and warmed up. @throws Error if a call fails. */
export async function runMemoryCase(one: MemoryCase, run: BenchRun): Promise<MemoryResult> {
  if (!canMeasure(one.id, missingGo() ?? missingLoad(warmUpLoad), run))
    return { kind: "memory", id: one.id, series: [] };
  await run.stage.keepOnly([]);
  const count = affordable(one, run);
  const series: MemorySeries[] = [];
  for (const name of one.peers) {
    if (peers[name].missing() !== undefined) continue;
    run.progress(name);
    series.push(await measurePeer(one, { name, count }, run));
  }
  return { kind: "memory", id: one.id, series };
}

/** Sockets need descriptors: 10,000 where the limit lets, else as many as it does. */
function affordable({ holds, count }: MemoryCase, { effort, note }: BenchRun): number {
  if (holds === "large-messages") return count;
  const wanted = Math.max(connectionsWithCalls, Math.round(count * effort.memoryScale));
  const limit = openFileLimit();
  const possible = Math.min(wanted, Math.max(connectionsWithCalls, limit - spareDescriptors));
  if (possible < wanted) note(`${possible} of ${wanted}: the limit of open files is ${limit}`);
  return possible;
}

async function measurePeer(one: MemoryCase, subject: Subject, run: BenchRun): Promise<MemorySeries> {
  const peer = await peers[subject.name].start(specOf(one, subject), run.stage);
  try {
    const load = (calls: number) => runLoad(warmUpLoad, targetOf(peer), calls, run.stage);
    await findPace(load, warmUpLoad.connections * warmUpLoad.streams, run.effort.warmUp, 0);
    if (one.holds === "large-messages") return await measurePeak(peer, subject, run);
    // Once for what is kept for reuse, then for good.
    await whileHolding(
      one,
      peer,
      { ...subject, count: Math.min(subject.count, connectionsWithCalls) },
      run,
      async () => {},
    );
    const before = await memoryOf(peer);
    return await whileHolding(one, peer, subject, run, async (count) => {
      const after = await memoryOf(peer);
      return {
        label: subject.name,
        count,
        residentBytes: (after.residentBytes - before.residentBytes) / count,
        ...(after.retainedBytes === undefined || before.retainedBytes === undefined
          ? {}
          : { retainedBytes: (after.retainedBytes - before.retainedBytes) / count }),
      };
    });
  } finally {
    await peer.stop();
  }
}

function specOf({ holds }: MemoryCase, { name, count }: Subject): PeerSpec {
  if (holds === "calls") return { name, maxOpenCalls: 2 * count };
  if (holds === "large-messages") return { name, maxMessageBytes: 2 * largeMessageBytes };
  return { name };
}

async function whileHolding<Result>(
  { holds }: MemoryCase,
  peer: RunningPeer,
  { count }: Subject,
  run: BenchRun,
  look: (count: number) => Promise<Result>,
): Promise<Result> {
  const prefix = run.stage.others;
  if (holds === "channels") {
    const url = peer.routerUrl ?? "";
    const instances = await startInstances({ url, count, services: ["echo"], name: `idle-${count}`, prefix });
    try {
      return await look(count);
    } finally {
      await instances.stop();
    }
  }
  const connections = holds === "calls" ? connectionsWithCalls : count;
  const callsOnEach = holds === "calls" ? Math.round(count / connections) : 0;
  const held = await hold({ port: peer.port, connections, callsOnEach, prefix });
  try {
    await setTimeout(settleMs);
    return await look(connections * Math.max(1, callsOnEach));
  } finally {
    await held.letGo();
  }
}

/** Processes of ours collect their garbage first; of others resident memory is all there is. */
async function memoryOf({
  pid,
  link,
}: RunningPeer): Promise<Partial<ProcessState> & { readonly residentBytes: number }> {
  await setTimeout(settleMs);
  return link === undefined ? { residentBytes: residentBytes(pid) } : await link.ask<ProcessState>("state");
}

async function measurePeak(peer: RunningPeer, { name, count }: Subject, run: BenchRun): Promise<MemorySeries> {
  await memoryOf(peer);
  const rise = watchPeak(peer.pid);
  const load = { connections: 1, streams: 1, payloadBytes: largeMessageBytes };
  const { folder, others } = run.stage;
  await runH2load(load, targetOf(peer), { calls: count, prefix: others, folder });
  return { label: name, count, residentBytes: rise() };
}
