// SPDX-License-Identifier: Apache-2.0
import { runProcess } from "../../harness/processes.ts";
import type { Histogram } from "../measure/histogram.ts";
import { goProgram } from "../peers/go-programs.ts";
import { type Load, type LoadResult, type LoadTarget, pathOf } from "./load.ts";
import { withTimeLimit } from "./time-limit.ts";

/** How much of a load: a number of calls, or an open loop at a rate. */
export type LoadAmount =
  | { readonly calls: number }
  | { readonly seconds: number }
  | { readonly rate: number; readonly seconds: number; readonly warmUpSeconds: number; readonly seed: number };

/** What the load program prints (`go/load/main.go`). */
interface Report {
  readonly calls: number;
  readonly cancelled: number;
  readonly messages: number;
  readonly failures: Readonly<Record<string, number>> | null;
  readonly seconds: number;
  readonly latency: Histogram;
  readonly late?: Histogram;
}

/** Makes calls with our own load program. @throws Error if a single one failed. */
export async function runLoadProgram(
  load: Load,
  target: LoadTarget,
  amount: LoadAmount,
  prefix: readonly string[],
): Promise<LoadResult> {
  const [command = "", ...args] = [
    ...withTimeLimit(prefix),
    await goProgram("load"),
    ...loadArguments(load, target, amount),
  ];
  const { code, stdout, stderr } = await runProcess(command, args);
  if (code !== 0) throw new Error(`The load program ended with code ${code}: ${stderr}`);
  const { calls, cancelled, messages, failures, seconds, latency, late } = JSON.parse(stdout) as Report;
  const failed = Object.entries(failures ?? {});
  if (failed.length > 0) {
    const reasons = failed.map(([reason, count]) => `${count} × ${reason}`).join(", ");
    throw new Error(`The load program made ${calls} calls that succeeded, and others: ${reasons}`);
  }
  return { calls: calls + cancelled, messages, seconds, latency, ...(late === undefined ? {} : { late }) };
}

/** The arguments that say all of it. */
export function loadArguments(load: Load, { port, ca }: LoadTarget, amount: LoadAmount): string[] {
  const { connections, streams, payloadBytes = 7, special = {} } = load;
  const { kind, messages, thin, metadata, changing, methods, cancel, churn } = special;
  const values = {
    address: `127.0.0.1:${port}`,
    ca,
    path: pathOf(load),
    connections,
    streams,
    size: payloadBytes,
    kind,
    messages,
    metadata,
    methods,
    cancel,
    thin,
    changing,
    churn,
    calls: "calls" in amount ? amount.calls : undefined,
    seconds: "seconds" in amount ? amount.seconds : undefined,
    ...("rate" in amount ? { rate: amount.rate, "warm-up": amount.warmUpSeconds, seed: amount.seed } : {}),
  };
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `-${name}=${value}`);
}
