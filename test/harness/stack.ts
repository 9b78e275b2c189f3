// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import type { ListenerLimits } from "@grpc-router/node";
import type { ConnectionSettings } from "@grpc-router/runtime";
import type { Answers } from "./link.ts";
import { type Running, startProcess } from "./processes.ts";

const routerProgram = fileURLToPath(new URL("./router-process.ts", import.meta.url));
const instanceProgram = fileURLToPath(new URL("./instance-process.ts", import.meta.url));

/** A router as a process of its own. */
export interface RouterProcess extends Running {
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** `http://host:port`, or `https://…` with TLS. */
  readonly url: string;
  /** Where its admin API is; empty without one. */
  readonly adminUrl: string;
}

/** How a router is started. */
export interface RouterProcessOptions {
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Limit of one request message as it is on the wire, in bytes. */
  readonly maxRequestBytes?: number | undefined;
  /** Limit of one response message, in bytes. */
  readonly maxResponseBytes?: number | undefined;
  /** False: statuses of the router carry no details. Default true. */
  readonly errorDetails?: boolean | undefined;
  /** The router's option of this name. */
  readonly connections?: ConnectionSettings | undefined;
  /** The option `limits` of its listener. */
  readonly listenerLimits?: Partial<ListenerLimits> | undefined;
  /** What the process may use, in bytes. */
  readonly memoryBytes?: number | undefined;
  /** Addresses of further routers that bridges are told of. Default: none. */
  readonly furtherRouters?: readonly string[] | undefined;
  /** Serves the admin API, too; see `RouterProcess.adminUrl`. Default false. */
  readonly admin?: boolean | undefined;
  /** Writes every frame to its output. Default false. */
  readonly trace?: boolean | undefined;
  /** What calls get after SIGTERM, in milliseconds. Default 2,000. */
  readonly graceMs?: number | undefined;
  /** Logs from info on. Default: from warn on. */
  readonly verbose?: boolean | undefined;
  /** Starts it with `--expose-gc` and a link that answers `state` with a `ProcessState`, `listener` with `ListenerStats`, `engine` with `EngineStats`, `instances` with `InstanceInfo[]` `resources` with `ResourceCounts`, and takes a list with `setRouters`. Default false. */
  readonly linked?: boolean | undefined;
  /** Puts the program in front of another command, such as `taskset -c 0`. */
  readonly prefix?: readonly string[] | undefined;
}

/** How an instance is started. */
export interface InstanceProcessOptions {
  /** The router's URL. */
  readonly url: string;
  /** Services that it serves: test, conformance, echo, faults. */
  readonly services: readonly string[];
  readonly id: string;
  /** PEM file of the router's authority. */
  readonly ca?: string | undefined;
  /** Limit of one request message, inflated, in bytes. */
  readonly maxRequestBytes?: number | undefined;
  /** Calls at once. Default: not stated. */
  readonly capacity?: number | undefined;
  /** What calls get after SIGTERM, in milliseconds. Default 2,000. */
  readonly graceMs?: number | undefined;
  /** Logs from info on. Default: from warn on. */
  readonly verbose?: boolean | undefined;
  readonly prefix?: readonly string[] | undefined;
}

/** A router and its instances, each a process of its own. */
export interface Stack {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, or `https://…` with TLS. */
  readonly url: string;
  readonly router: RouterProcess;
  readonly instances: readonly Running[];
  stop(): Promise<void>;
}

export interface StackOptions extends Omit<RouterProcessOptions, "prefix" | "verbose"> {
  /** Services that each instance serves: test, conformance, echo, faults. Instances are called after the first one. */
  readonly services: readonly string[];
  /** Default 1. */
  readonly instances?: number;
  /** Calls that each instance takes at once. Default: not stated. */
  readonly capacity?: number;
  /** Puts each program in front of another command, such as `taskset -c 0`. */
  readonly routerPrefix?: readonly string[];
  readonly instancePrefix?: readonly string[];
}

/** Starts a router and waits until its instances are registered. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const router = await startRouter({ ...options, prefix: options.routerPrefix });
  const { host, port, url } = router;
  const instances: Running[] = [];
  const stop = async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await router.stop();
  };
  try {
    const { services, maxRequestBytes, capacity } = options;
    const ids = Array.from({ length: options.instances ?? 1 }, (_, index) => `${services[0]}-${index + 1}`);
    const common = { url, services, maxRequestBytes, capacity, ca: options.tls?.cert, prefix: options.instancePrefix };
    instances.push(...(await Promise.all(ids.map((id) => startInstance({ ...common, id })))));
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, port, url, router, instances, stop };
}

/** Starts a router and waits until it listens. */
export async function startRouter(options: RouterProcessOptions = {}): Promise<RouterProcess> {
  const args = [
    ...flag("port", options.port ?? 0),
    ...flag("host", options.host),
    ...flag("tls", options.tls && `${options.tls.cert}:${options.tls.key}`),
    ...flag("max-request", options.maxRequestBytes),
    ...flag("max-response", options.maxResponseBytes),
    ...flag("grace-ms", options.graceMs),
    ...flag("connections", options.connections && JSON.stringify(options.connections)),
    ...flag("listener-limits", options.listenerLimits && JSON.stringify(options.listenerLimits)),
    ...flag("memory-bytes", options.memoryBytes),
    ...(options.furtherRouters ?? []).flatMap((url) => flag("further-router", url)),
    ...(options.admin === true ? ["--admin"] : []),
    ...(options.trace === true ? ["--trace"] : []),
    ...(options.errorDetails === false ? ["--no-error-details"] : []),
    ...(options.verbose === true ? ["--verbose"] : []),
  ];
  const { prefix, linked = false } = options;
  const running = await startNode(routerProgram, {
    prefix,
    args,
    ready: /^ready /,
    ...(linked ? { flags: ["--expose-gc"], answers: {} } : {}),
  });
  const [, host = "", port = ""] = /^ready (.+):(\d+) pid/.exec(running.line) ?? [];
  const address = `${host}:${port}`;
  const url = `${options.tls === undefined ? "http" : "https"}://${address}`;
  const adminUrl = /^admin (.+)$/m.exec(running.output.join("\n"))?.[1] ?? "";
  return { ...running, host, port: Number(port), address, url, adminUrl };
}

/** Starts an instance and waits until the router has taken it. */
export function startInstance(options: InstanceProcessOptions): Promise<Running> {
  const args = [
    ...flag("url", options.url),
    ...flag("id", options.id),
    ...options.services.flatMap((name) => flag("service", name)),
    ...flag("ca", options.ca),
    ...flag("max-request", options.maxRequestBytes),
    ...flag("capacity", options.capacity),
    ...flag("grace-ms", options.graceMs),
    ...(options.verbose === true ? ["--verbose"] : []),
  ];
  return startNode(instanceProgram, { prefix: options.prefix, args, ready: /^registered/ });
}

/** What `startNode` starts a program with. */
export interface NodeProgramOptions {
  readonly args: readonly string[];
  /** Of the line that it prints when it is ready. */
  readonly ready: RegExp;
  /** How long to wait for that line, in milliseconds. Default 20,000. */
  readonly readyWithinMs?: number;
  /** Options of Node itself. */
  readonly flags?: readonly string[];
  readonly prefix?: readonly string[] | undefined;
  /** What the program may ask. Default: no link. */
  readonly answers?: Answers | undefined;
}

/** Starts a program of the suites with this Node. */
export function startNode(program: string, options: NodeProgramOptions): Promise<Running & { line: string }> {
  const { prefix = [], flags = [], args, ready, readyWithinMs, answers } = options;
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, ...flags, program, ...args];
  return startProcess(command, {
    args: rest,
    ready,
    answers,
    ...(readyWithinMs === undefined ? {} : { readyWithinMs }),
  });
}

function flag(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, `${value}`];
}
