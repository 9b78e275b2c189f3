// SPDX-License-Identifier: Apache-2.0
// A fleet with faults, as clients see it: one instance is killed, one is slow, one fails a quarter of its calls.
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import type { Running } from "../harness/processes.ts";
import { type Answer, type PolicyClient, peers } from "./clients.ts";
import { PolicyRig, within } from "./policy-rig.ts";

const { OK, INTERNAL, UNAVAILABLE } = grpc.status;
const maxAttempts = 4;
const circuitBreaker = { failureRate: 0.15, minCalls: 20, windowMs: 2_000, penaltyMs: 200, jitter: 0 };
const retry = { maxAttempts, initialBackoffMs: 5, retryableStatusCodes: [INTERNAL, UNAVAILABLE] };

const methods = ["Run", "Repeat"] as const;

/** Callers of each method at the same time. */
const CALLERS = 8;

let rig: PolicyRig | undefined;
afterEach(() => rig?.stop());

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing)(`retry and breaker in front of ${title}`, () => {
    test("hide a fleet with faults for a method that may run twice, and run no other call twice", async () => {
      const started = await PolicyRig.start({
        methods: { run: { circuitBreaker }, repeat: { circuitBreaker, retry } },
      });
      rig = started;
      const doomed = await rig.addInstance("doomed");
      const slow = await rig.addInstance("slow", { delayMs: 200 });
      const failing = await rig.addInstance("failing", { unavailableShare: 0.2, internalShare: 0.05 });
      const client = await rig.addClient(kind);
      const answers = await callDuring(client, async () => {
        await untilMoreRuns(started, "doomed", 10);
        await doomed.link.ask("behave", { delayMs: 60_000 });
        await untilMoreRuns(started, "doomed", 2);
        doomed.kill("SIGKILL");
        await untilBreakers(started, "has opened");
        await failing.link.ask("behave", {});
        await untilBreakers(started, "is closed");
        await untilMoreRuns(started, "failing", 20);
      });
      // What they wrote is read to its end.
      await Promise.all([slow.stop(), failing.stop()]);
      judgeRepeated(rig, answers);
      judgeOthers(rig, answers);
    });
  });
}

/** Calls of both methods, one after the other by each caller, until `act` is done; the answers by the calls' names. */
async function callDuring(client: PolicyClient, act: () => Promise<void>): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>();
  let isOver = false;
  const callers = methods.flatMap((method) =>
    Array.from({ length: CALLERS }, async (_, caller) => {
      for (let count = 0; !isOver; count++) {
        const name = `${method} ${caller} ${count}`;
        answers.set(name, await client.call({ method, name }));
      }
    }),
  );
  try {
    await act();
  } finally {
    isOver = true;
    await Promise.all(callers);
  }
  return answers;
}

/** Resolves when an instance has written down so many more runs of each method. */
async function untilMoreRuns({ runs }: PolicyRig, instance: string, count: number): Promise<void> {
  const runsOf = (method: string) => runs.filter((run) => run.instance === instance && run.method === method).length;
  const wanted = methods.map((method) => [method, runsOf(method) + count] as const);
  const isDone = () => wanted.every(([method, most]) => runsOf(method) >= most);
  await expect.poll(isDone, within).toBe(true);
}

/** Resolves when this is the last that the router said of the breaker of each method on the failing instance. */
async function untilBreakers({ router }: PolicyRig, change: string): Promise<void> {
  for (const method of methods) {
    const subject = `The circuit breaker of faults.v1.FaultService/${method} on failing`;
    await expect.poll(() => output(router, subject).at(-1), within).toContain(change);
  }
}

const output = ({ output: lines }: Running, text: string) => lines.filter((line) => line.includes(text));

/** Every call succeeded, although instances failed it and one died with it; no attempt went to an instance twice. */
function judgeRepeated(rig: PolicyRig, answers: ReadonlyMap<string, Answer>): void {
  const seen = { failed: 0, lost: 0 };
  for (const [name, { code, details, reports }] of answers) {
    if (!name.startsWith("Repeat")) continue;
    expect(code, `${name}: ${details}`).toBe(OK);
    const runs = rig.runsOf(name).sort((one, other) => one.attemptsBefore - other.attemptsBefore);
    expect(runs.length).toBeLessThanOrEqual(maxAttempts);
    expect(runs.at(-1)).toMatchObject({ instance: reports[0]?.instance, code: OK });
    expect(new Set(runs.map(({ instance }) => instance)).size, name).toBe(runs.length);
    const before = runs.slice(0, -1);
    seen.failed += before.filter((run) => run.code !== OK).length;
    seen.lost += before.filter((run) => run.instance === "doomed").length;
    for (const run of before) expect(run.code !== OK || run.instance === "doomed", name).toBe(true);
  }
  expect(seen.failed).toBeGreaterThan(0);
  expect(seen.lost).toBeGreaterThan(0);
}

/** Every call ran at most once, and its client got what its instance wrote, or that it died with it. */
function judgeOthers(rig: PolicyRig, answers: ReadonlyMap<string, Answer>): void {
  const seen = new Map<string, number>();
  for (const [name, { code, details }] of answers) {
    if (!name.startsWith("Run")) continue;
    const runs = rig.runsOf(name);
    expect(runs.length, name).toBeLessThanOrEqual(1);
    const isLost = details.includes("(INSTANCE_LOST)");
    const key = isLost ? "lost" : grpc.status[code];
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (isLost) {
      expect(details).toContain("the connection to instance doomed was lost");
      for (const { instance } of runs) expect(instance).toBe("doomed");
    } else expect(runs, `${name}: ${details}`).toMatchObject([{ code }]);
  }
  expect([...seen.keys()].sort()).toEqual(["INTERNAL", "OK", "UNAVAILABLE", "lost"]);
}
