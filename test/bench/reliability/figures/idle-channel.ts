// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { residentBytes } from "../../../harness/memory.ts";
import { threadCpuMs } from "../../../harness/thread-cpu.ts";
import { short } from "../distribution.ts";
import type { Figure, FigureRun, Finding } from "../figure.ts";
import { startBenchInstances, startBenchRouter } from "../programs/start.ts";
import { waitUntil } from "../wait-until.ts";

/** KiB of resident memory of an idle channel, at most. */
const goalKib = 40;
/** Opened in a second: what the router admits (MAX_REGISTRATIONS_PER_SECOND), with a little room. */
const perSecond = 450;
/** Pings and pongs of a whole round, so that what they leave behind counts, too. */
const settleMs = 12_000;
/** Two, so that the router's listener takes 10,000 as it is by default (8,192 connections per address). */
const addresses = ["127.0.0.2", "127.0.0.3"];

interface Layout {
  readonly what: string;
  readonly services: readonly string[];
  readonly judged: boolean;
}

const layouts: readonly Layout[] = [
  { what: "one channel a connection", services: ["echo"], judged: true },
  { what: "four channels a connection", services: ["echo", "test", "conformance", "faults"], judged: true },
];

/** What an idle channel costs the router. */
export const idleChannel: Figure = {
  name: "idle-channel",
  goal: `an idle channel takes at most ${goalKib} KiB of resident memory on h2c`,
  needsQuiet: false,
  async run(run) {
    const findings: Finding[] = [];
    for (const layout of layouts) findings.push(await measure(layout, run));
    return findings;
  },
};

async function measure({ what, services, judged }: Layout, run: FigureRun): Promise<Finding> {
  const channels = run.quick ? 500 : 10_000;
  const router = await startBenchRouter();
  await router.unwatch();
  const count = channels / services.length;
  const instances = await startBenchInstances({ url: router.url, count, services, addresses });
  try {
    // What is made once, at the first channel, is none of theirs.
    const first = await startBenchInstances({ url: router.url, count: 1, services, prefix: "first" });
    await first.open(1);
    await waitUntil(first.registered, services.length, { what: "first channels", withinMs: 10_000 });
    await first.stop();
    await sleep(500);
    const before = await router.state();
    const opened = instances.open(perSecond / services.length);
    const progress = (text: string) => run.progress(`${what}: ${text}`);
    await waitUntil(instances.registered, channels, { what: "channels", withinMs: 180_000, progress });
    await opened;
    run.progress(`${what}: ${channels} channels stand, waiting for a round of pings`);
    const cpuBefore = threadCpuMs(router.pid);
    const waitMs = run.quick ? 1_000 : settleMs;
    await sleep(waitMs);
    const cpuShare = (threadCpuMs(router.pid) - cpuBefore) / waitMs;
    const uncollectedBytes = residentBytes(router.pid);
    const after = await router.state();
    const open = await router.instances();
    if (open !== channels) throw new Error(`Cannot measure: ${channels} channels must stand, ${open} do`);
    const kibEach = (bytes: number) => bytes / 1024 / channels;
    const residentKib = kibEach(after.residentBytes - before.residentBytes);
    const retainedKib = kibEach(after.retainedBytes - before.retainedBytes);
    const uncollectedKib = kibEach(uncollectedBytes - before.residentBytes);
    return {
      what: `${channels} idle channels, ${what}`,
      value:
        `${short(residentKib)} KiB resident a channel (heap and buffers ${short(retainedKib)} KiB; before garbage is collected ` +
        `${short(uncollectedKib)} KiB), ${short(cpuShare * 100)} % of a processor for all`,
      met: judged ? residentKib <= goalKib : undefined,
      data: { channels, services, residentKib, retainedKib, uncollectedKib, cpuShare, before, after },
    };
  } finally {
    await instances.stop();
    await router.stop();
  }
}
