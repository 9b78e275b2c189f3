// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { get } from "node:http";
import { fileURLToPath } from "node:url";
import { type Running, startProcess } from "../../harness/processes.ts";
import type { InstanceCounts, TargetMemory } from "./target.ts";

/** The program grpc-server-process.ts while it runs. */
export interface GrpcServer extends Running {
  readonly port: number;
  counts(): Promise<InstanceCounts>;
  resetCounts(): Promise<void>;
  memory(): Promise<TargetMemory>;
}

const program = fileURLToPath(new URL("./grpc-server-process.ts", import.meta.url));

/** Starts a gRPC server on node:http2 behind the command `prefix`; `--expose-gc` lets it clean up before it tells its memory. */
export async function startGrpcServer(
  prefix: readonly string[],
  tls?: { readonly cert: string; readonly key: string },
): Promise<GrpcServer> {
  const [command = "", ...args] = [...prefix, process.execPath, "--expose-gc", program];
  if (tls !== undefined) args.push("--tls", `${tls.cert}:${tls.key}`);
  const running = await startProcess(command, { args, ready: /^ready / });
  const questions = `http://127.0.0.1:${portIn(await running.untilLine(/^counts /))}`;
  return {
    ...running,
    port: portIn(running.line),
    counts: () => ask<InstanceCounts>(`${questions}/counts`),
    resetCounts: async () => void (await ask(`${questions}/reset`)),
    memory: () => ask<TargetMemory>(`${questions}/memory`),
  };
}

function portIn(line: string): number {
  return Number(/:(\d+)/.exec(line)?.[1]);
}

/** The answer as JSON; the program is ours, so its shape is not checked. */
async function ask<T>(url: string): Promise<T> {
  const request = get(url, { agent: false });
  const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as T;
}
