// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import type { Running } from "../../../harness/processes.ts";
import { EchoRequestSchema } from "../../gen/bench/v1/echo_pb.ts";
import { benchPath } from "../../load/load.ts";
import { describe, distributionOf } from "../distribution.ts";
import type { Figure, Finding } from "../figure.ts";
import { monotonicMs } from "../monotonic.ts";
import type { RawHabits } from "../programs/raw-instance.ts";
import { startBenchRouter, startRawInstanceProcess } from "../programs/start.ts";
import { startUnaryClient } from "../programs/unary-client.ts";
import { waitUntil } from "../wait-until.ts";

/** Milliseconds from the loss of an instance to the Start at another one, 99th percentile, at most. */
const goalMs = 50;
/** Calls that are sent to the instance and not accepted when it goes. */
const callsEach = 200;

type End = "RST" | "FIN" | "SIGKILL";
const ends: readonly End[] = ["RST", "FIN", "SIGKILL"];

/** How soon the calls of a lost instance begin anew elsewhere. */
export const movedCalls: Figure = {
  name: "moved-calls",
  goal: `calls that a lost instance had not accepted start elsewhere within ${goalMs} ms (p99)`,
  needsQuiet: true,
  async run(run) {
    const trials = run.quick ? 2 : 20;
    const router = await startBenchRouter();
    await router.unwatch();
    try {
      const findings: Finding[] = [];
      for (const end of ends) {
        const ms: number[] = [];
        for (let trial = 1; trial <= trials; trial++) ms.push(...(await tryLoss(router.port, end)));
        run.progress(`${end}: ${trials} trials of ${callsEach} calls`);
        findings.push(toFinding(end, ms));
      }
      return findings;
    } finally {
      await router.stop();
    }
  },
};

/** One instance holds calls, another one joins, and the first one goes: how long each call took to start there. */
async function tryLoss(port: number, end: End): Promise<number[]> {
  const habits: RawHabits = { answers: false, marks: "none", credit: "none" };
  const message = toBinary(EchoRequestSchema, create(EchoRequestSchema, { payload: new Uint8Array(100) }));
  const client = await startUnaryClient({ port });
  const first = await startRawInstanceProcess({ port, id: "first", habits });
  let second: Running | undefined;
  const failed: number[] = [];
  try {
    // A connection takes 100 calls at once; the method may run twice, as its contract says.
    const clients = [client, await startUnaryClient({ port })];
    for (let call = 0; call < callsEach; call++)
      clients[call % 2]?.call(benchPath, message, (code) => failed.push(code));
    const countOf = (instance: Running) => () => instance.link.ask<number>("startCount");
    await waitUntil(countOf(first), callsEach, { what: "calls at the first instance", withinMs: 5_000 });
    second = await startRawInstanceProcess({ port, id: "second", habits });
    const lostMs = await lose(first, end);
    await waitUntil(countOf(second), callsEach, { what: "calls at the second instance", withinMs: 5_000 });
    const starts = await second.link.ask<{ ms: number; attempt: number }[]>("starts");
    if (failed.length > 0 || starts.some(({ attempt }) => attempt !== 1)) {
      throw new Error(`Cannot measure: every call must be moved once, ${failed.length} failed`);
    }
    for (const one of clients) one.close();
    return starts.map(({ ms }) => ms - lostMs);
  } finally {
    client.close();
    await Promise.all([first.stop(), second?.stop()]);
  }
}

async function lose(instance: Running, end: End): Promise<number> {
  if (end === "RST") return instance.link.ask<number>("reset");
  if (end === "FIN") return instance.link.ask<number>("finish");
  const ms = monotonicMs();
  instance.kill("SIGKILL");
  return ms;
}

function toFinding(end: End, ms: readonly number[]): Finding {
  const distribution = distributionOf(ms);
  return {
    what: `calls of an instance that goes by ${end}`,
    value: describe(distribution, "ms"),
    met: distribution.p99 <= goalMs,
    data: distribution,
  };
}
