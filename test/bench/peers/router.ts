// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import type { Running } from "../../harness/processes.ts";
import { startNode } from "../../harness/stack.ts";
import { underCallgrind } from "../measure/callgrind.ts";
import type { PeerKind, PeerSpec, Rig, RunningPeer } from "./peer.ts";
import { startTraceSink } from "./trace-sink.ts";

const routerProgram = fileURLToPath(new URL("../processes/router-process.ts", import.meta.url));
const instanceProgram = fileURLToPath(new URL("../processes/instance-process.ts", import.meta.url));

/** How instances of a router are started. */
export interface InstancesOptions {
  readonly url: string;
  readonly count: number;
  readonly services: readonly string[];
  readonly ca?: string | undefined;
  readonly maxMessageBytes?: number | undefined;
  readonly capacity?: number | undefined;
  /** In front of their ids. */
  readonly name?: string | undefined;
  readonly prefix: readonly string[];
}

/** The router with default settings; instances with protobuf-es on the other processor. */
export const router: PeerKind = kind("gRPC Router", "default settings", (stack) => [stack.router]);

/** An instance alone: the router in front of it is on the other processor. */
export const bridge: PeerKind = kind("bridge", "an instance with protobuf-es", (stack) => [stack.instances]);

/** Router and instance together on one processor. */
export const routerAndBridge: PeerKind = kind("router + bridge", "both processes on one core", (stack) => [
  stack.router,
  stack.instances,
]);

/** Starts instances, all in one process, and waits until the router has taken them. */
export function startInstances(options: InstancesOptions): Promise<Running> {
  const { url, count, services, ca, maxMessageBytes, capacity, name, prefix } = options;
  const args = [
    ...["--url", url, "--instances", `${count}`],
    ...services.flatMap((service) => ["--service", service]),
    ...flag("ca", ca),
    ...flag("max-message", maxMessageBytes),
    ...flag("capacity", capacity),
    ...flag("name", name),
  ];
  // Ten thousand registrations take a while.
  return startNode(instanceProgram, {
    prefix,
    args,
    ready: /^registered/,
    readyWithinMs: 120_000,
    flags: ["--expose-gc"],
    answers: {},
  });
}

interface Stack {
  readonly router: Running;
  readonly instances: Running;
}

function kind(title: string, remark: string, counted: (stack: Stack) => readonly Running[]): PeerKind {
  return {
    title,
    missing: () => undefined,
    describe: async () => `Node ${process.versions.node}; ${remark}`,
    start: (spec, rig) => startStack(spec, rig, counted),
  };
}

async function startStack(
  spec: PeerSpec,
  rig: Rig,
  counted: (stack: Stack) => readonly Running[],
): Promise<RunningPeer> {
  const { tls = false, features, maxMessageBytes, maxOpenCalls, instances = 1, services = ["echo", "stream"] } = spec;
  const { callgrind = false } = spec;
  const { cert, key } = rig.certificate;
  const sink = features === "traced" ? await startTraceSink() : undefined;
  const running = await startNode(routerProgram, {
    prefix: callgrind ? underCallgrind(rig.folder) : spec.name === "bridge" ? rig.others : rig.measured,
    readyWithinMs: 60_000, // under valgrind
    args: [
      ...flag("tls", tls ? `${cert}:${key}` : undefined),
      ...flag("features", features === "traced" ? undefined : features),
      ...flag("collector", sink?.url),
      ...flag("max-message", maxMessageBytes),
      ...flag("max-open-calls", maxOpenCalls),
    ],
    ready: /^ready /,
    // Compiled in turn with its calls, a program comes out the same nearly every time.
    flags: ["--expose-gc", ...(callgrind ? ["--no-concurrent-recompilation"] : [])],
    answers: {},
  });
  const port = Number(/:(\d+) pid/.exec(running.line)?.[1]);
  const routerUrl = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
  const ca = tls ? cert : undefined;
  try {
    const started = await startInstances({
      url: routerUrl,
      count: instances,
      services,
      ca,
      maxMessageBytes,
      capacity: maxOpenCalls,
      prefix: spec.name === "router" ? rig.others : rig.measured,
    });
    const processes = counted({ router: running, instances: started });
    const stop = async () => {
      await started.stop();
      await running.stop();
      await sink?.stop();
    };
    const [first = running] = processes;
    return { port, ca, pids: processes.map(({ pid }) => pid), pid: first.pid, link: first.link, routerUrl, stop };
  } catch (error) {
    await running.stop();
    await sink?.stop().catch(() => undefined);
    throw error;
  }
}

function flag(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, `${value}`];
}
