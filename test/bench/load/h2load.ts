// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "../../harness/processes.ts";
import { requireTool } from "../../harness/tools.ts";
import { type Load, type LoadResult, type LoadTarget, pathOf } from "./load.ts";
import { framedPayload } from "./messages.ts";
import { withTimeLimit } from "./time-limit.ts";

/** What one run of h2load needs beside the load. */
export interface H2loadRun {
  readonly calls: number;
  /** In front of the program. */
  readonly prefix: readonly string[];
  /** Where the file with the request may be written. */
  readonly folder: string;
  /** Octets of DATA of every good answer. Default: as many as the request has, an echo. */
  readonly answerBytes?: number;
}

/** Makes unary calls with h2load. @throws Error if a single one was not answered whole. */
export async function runH2load(load: Load, target: LoadTarget, run: H2loadRun): Promise<LoadResult> {
  const { connections, streams, payloadBytes = 7 } = load;
  const message = framedPayload(payloadBytes);
  const [command = "", ...args] = [
    ...withTimeLimit(run.prefix),
    requireTool("h2load"),
    ...["-c", `${connections}`, "-m", `${streams}`, "-n", `${run.calls}`, "-w", "20", "-W", "24"],
    ...["-d", requestFile(run.folder, payloadBytes, message), "-H", "content-type: application/grpc"],
    ...[
      "-H",
      "te: trailers",
      `${target.ca === undefined ? "http" : "https"}://127.0.0.1:${target.port}${pathOf(load)}`,
    ],
  ];
  const { code, stdout, stderr } = await runProcess(command, args);
  const report = readReport(stdout);
  // A gRPC error is a 200 without DATA, so the octets tell what the status code hides.
  const dataBytes = run.calls * (run.answerBytes ?? message.length);
  if (code !== 0 || report.succeeded !== run.calls || report.dataBytes !== dataBytes) {
    throw new Error(
      `h2load: ${report.succeeded} of ${run.calls} calls succeeded, ${report.dataBytes} of ${dataBytes} octets:\n${stdout}${stderr}`,
    );
  }
  return { calls: run.calls, messages: run.calls, seconds: report.seconds };
}

/** What h2load printed. */
export function readReport(text: string): { succeeded: number; dataBytes: number; seconds: number } {
  const [, amount = "0", unit = "s"] = /finished in ([\d.]+)(us|ms|s|m)/.exec(text) ?? [];
  return {
    succeeded: Number(/(\d+) succeeded/.exec(text)?.[1] ?? 0),
    dataBytes: Number(/traffic: .*\((\d+)\) data/.exec(text)?.[1] ?? 0),
    seconds: Number(amount) * ({ us: 1e-6, ms: 1e-3, s: 1, m: 60 }[unit] ?? 1),
  };
}

function requestFile(folder: string, payloadBytes: number, message: Uint8Array): string {
  const file = join(folder, `request-${payloadBytes}.bin`);
  if (!existsSync(file)) writeFileSync(file, message);
  return file;
}
