// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { type Running, startProcess } from "./processes.ts";

const routerProgram = fileURLToPath(new URL("./router-process.ts", import.meta.url));
const instanceProgram = fileURLToPath(new URL("./instance-process.ts", import.meta.url));

/** A router and its instances, each a process of its own. */
export interface Stack {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, or `https://…` with TLS. */
  readonly url: string;
  readonly router: Running;
  readonly instances: readonly Running[];
  stop(): Promise<void>;
}

export interface StackOptions {
  /** Services that each instance serves: test, conformance, echo. */
  readonly services: readonly string[];
  /** Default 1. */
  readonly instances?: number;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Limit of one request message, as it is on the wire and inflated, in bytes. */
  readonly maxRequestBytes?: number;
  /** False: statuses of the router carry no details. Default true. */
  readonly errorDetails?: boolean;
  /** Puts each program in front of another command, such as `taskset -c 0`. */
  readonly routerPrefix?: readonly string[];
  readonly instancePrefix?: readonly string[];
}

/** Starts a router and waits until its instances are registered. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const limit = options.maxRequestBytes === undefined ? [] : ["--max-request", `${options.maxRequestBytes}`];
  const details = options.errorDetails === false ? ["--no-error-details"] : [];
  const tls = options.tls === undefined ? [] : ["--tls", `${options.tls.cert}:${options.tls.key}`];
  const router = await startNode(routerProgram, {
    prefix: options.routerPrefix,
    args: ["--port", `${options.port ?? 0}`, ...limit, ...details, ...tls],
    ready: /^ready /,
  });
  const [, host = "", port = ""] = /^ready (.+):(\d+) pid/.exec(router.line) ?? [];
  const url = `${options.tls === undefined ? "http" : "https"}://${host}:${port}`;
  const instances: Running[] = [];
  const stop = async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await router.stop();
  };
  try {
    for (let index = 0; index < (options.instances ?? 1); index++) {
      const services = options.services.flatMap((name) => ["--service", name]);
      const trust = options.tls === undefined ? [] : ["--ca", options.tls.cert];
      instances.push(
        await startNode(instanceProgram, {
          prefix: options.instancePrefix,
          args: ["--url", url, "--id", `${options.services[0]}-${index + 1}`, ...services, ...limit, ...trust],
          ready: /^registered/,
        }),
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, port: Number(port), url, router, instances, stop };
}

function startNode(
  program: string,
  options: { readonly prefix: readonly string[] | undefined; readonly args: readonly string[]; readonly ready: RegExp },
) {
  const [command = process.execPath, ...rest] = [...(options.prefix ?? []), process.execPath, program, ...options.args];
  return startProcess(command, { args: rest, ready: options.ready });
}
