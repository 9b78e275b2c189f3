// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { ListenerStats } from "@grpc-router/node";
import type { ProcessState } from "../../../harness/process-state.ts";
import type { Running } from "../../../harness/processes.ts";
import { startNode } from "../../../harness/stack.ts";
import { missingTool } from "../../../harness/tools.ts";
import type { LoopDelay } from "./loop-delay.ts";
import type { RawInstanceOptions } from "./raw-instance.ts";

/** A channel that was lost, and when, by the monotonic clock. */
export interface Loss {
  readonly instance: string;
  readonly ms: number;
}

/** The router under measurement. */
export interface BenchRouter extends Running {
  readonly port: number;
  readonly url: string;
  state(): Promise<ProcessState>;
  listener(): Promise<ListenerStats>;
  /** Registration channels that are open now. */
  instances(): Promise<number>;
  /** The loop's delay since the last time it was asked for. */
  loop(): Promise<LoopDelay>;
  unwatch(): Promise<void>;
  losses(): Promise<{ readonly lost: readonly Loss[]; readonly refused: number }>;
}

/** Thousands of instances in one process. */
export interface BenchInstances extends Running {
  open(perSecond: number): Promise<void>;
  /** Services that are registered now. */
  registered(): Promise<number>;
  events(): Promise<{
    readonly registeredMs: readonly number[];
    readonly lost: readonly Loss[];
    readonly refusals: number;
    readonly dials: number;
  }>;
  /** Cuts all connections; the time at which it began. */
  cut(): Promise<number>;
}

const pinned = availableParallelism() > 1 && missingTool("taskset") === undefined;
/** Puts the measured process on a processor of its own, and all others on the other ones. */
export const measured: readonly string[] = pinned ? ["taskset", "-c", "0"] : [];
export const others: readonly string[] = pinned ? ["taskset", "-c", `1-${availableParallelism() - 1}`] : [];

/** How a router is started. */
export interface BenchRouterOptions {
  /** Default: any free one. */
  readonly port?: number;
  readonly listenerLimits?: Readonly<Record<string, number>>;
  /** Options of Node. */
  readonly flags?: readonly string[];
}

/** Starts the router under measurement. */
export async function startBenchRouter(options: BenchRouterOptions = {}): Promise<BenchRouter> {
  const { port: wanted = 0, listenerLimits = {}, flags = [] } = options;
  const running = await startNode(program("router-process.ts"), {
    args: ["--port", `${wanted}`, "--listener-limits", JSON.stringify(listenerLimits)],
    ready: /^ready /,
    flags: ["--expose-gc", ...flags],
    prefix: measured,
    answers: {},
  });
  const port = Number(/^ready (\d+)/.exec(running.line)?.[1]);
  const { link } = running;
  return {
    ...running,
    port,
    url: `http://127.0.0.1:${port}`,
    state: () => link.ask("state"),
    listener: () => link.ask("listener"),
    instances: () => link.ask("instances"),
    loop: () => link.ask("loop"),
    unwatch: () => link.ask("unwatch"),
    losses: () => link.ask("losses"),
  };
}

/** How instances are started. */
export interface BenchInstancesOptions {
  readonly url: string;
  readonly count: number;
  /** Of each instance. Default: echo. */
  readonly services?: readonly string[];
  readonly addresses?: readonly string[];
  readonly prefix?: string;
}

/** Starts a process with `count` instances, none of which is open yet. */
export async function startBenchInstances(options: BenchInstancesOptions): Promise<BenchInstances> {
  const { url, count, services = ["echo"], addresses = ["127.0.0.1"], prefix = "i" } = options;
  const running = await startNode(program("instances-process.ts"), {
    args: [
      ...["--url", url, "--count", `${count}`, "--services", services.join(",")],
      ...["--addresses", addresses.join(","), "--prefix", prefix],
    ],
    ready: /^ready /,
    prefix: others,
    answers: {},
  });
  const { link } = running;
  return {
    ...running,
    open: (perSecond) => link.ask("open", { perSecond }),
    registered: () => link.ask("registered"),
    events: () => link.ask("events"),
    cut: () => link.ask("cut"),
  };
}

/** The path of a program in this folder. */
export function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Starts a raw instance and waits for its Welcome; what it can be asked is in `raw-instance-process.ts`. */
export function startRawInstanceProcess(options: RawInstanceOptions): Promise<Running> {
  const { port, id, habits, capacity } = options;
  return startNode(program("raw-instance-process.ts"), {
    args: [
      ...["--port", `${port}`, "--id", id, "--habits", JSON.stringify(habits)],
      ...(capacity === undefined ? [] : ["--capacity", `${capacity}`]),
    ],
    ready: /^registered/,
    prefix: others,
    answers: {},
  });
}
