// SPDX-License-Identifier: Apache-2.0
import { runProcess } from "../harness/processes.ts";
import { requireTool } from "../harness/tools.ts";

/** One closed-loop load. */
export interface Load {
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly streams: number;
  readonly calls: number;
}

export interface LoadTarget {
  readonly port: number;
  /** File with the length-prefixed request message. */
  readonly requestFile: string;
  /** Bytes of DATA that every good answer carries. */
  readonly answerBytes: number;
}

/** Path that every target of the bench answers. */
export const benchPath = "/bench.v1.EchoService/Echo";

/** Runs a load with h2load and returns how long it took, in seconds. @throws Error if a single call was not answered whole. */
export async function runLoad(load: Load, target: LoadTarget, prefix: readonly string[]): Promise<number> {
  const [command = "", ...args] = [
    ...prefix,
    requireTool("h2load"),
    ...["-c", `${load.connections}`, "-m", `${load.streams}`, "-n", `${load.calls}`, "-w", "20", "-W", "24"],
    ...["-d", target.requestFile, "-H", "content-type: application/grpc", "-H", "te: trailers"],
    `http://127.0.0.1:${target.port}${benchPath}`,
  ];
  const { code, stdout, stderr } = await runProcess(command, args);
  const succeeded = Number(/(\d+) succeeded/.exec(stdout)?.[1] ?? 0);
  const answered = Number(/traffic: .*\((\d+)\) data/.exec(stdout)?.[1] ?? 0);
  // A gRPC error is a 200 without DATA, so the octets tell what the status code hides.
  if (code !== 0 || succeeded !== load.calls || answered !== load.calls * target.answerBytes) {
    throw new Error(
      `h2load: ${succeeded} of ${load.calls} calls succeeded, ${answered} of ${load.calls * target.answerBytes} octets:\n${stdout}${stderr}`,
    );
  }
  const [, amount = "0", unit = "s"] = /finished in ([\d.]+)(us|ms|s|m)/.exec(stdout) ?? [];
  const seconds = { us: 1e-6, ms: 1e-3, s: 1, m: 60 }[unit] ?? 1;
  return Number(amount) * seconds;
}
