// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { checkLedger, type Evidence, type InstanceLedger } from "./check-ledger.ts";
import type { ClientRecord, Execution, InstanceRecord, Method } from "./records.ts";

/** One call `c` as its client tells it: begun at 1,000, a message each way, over at 1,100. */
interface Told {
  readonly method?: Method;
  readonly deadlineMs?: number;
  readonly cancelAfterMs?: number;
  readonly sent?: readonly string[];
  readonly got?: readonly string[];
  readonly code?: number;
  readonly reason?: string;
  readonly execution?: Execution;
  readonly message?: string;
  readonly endMs?: number;
  /** How often the client writes an end. */
  readonly ends?: number;
}

/** One execution as its instance tells it. */
interface Ran {
  readonly process?: string;
  readonly method?: Method;
  readonly attempts?: number;
  readonly beginMs?: number;
  readonly read?: readonly string[];
  readonly wrote?: readonly string[];
  readonly how?: "returned" | "aborted" | "threw" | "open";
  readonly disturbedMs?: number;
  readonly survived?: boolean;
}

function client(told: Told): ClientRecord[] {
  const { method = "Unary", deadlineMs = 0, cancelAfterMs = 0, sent = ["q"], got = ["r"], ends = 1 } = told;
  const { code = 0, reason = "", execution = "", message = "", endMs = 1_100 } = told;
  const call = "c";
  return [
    { event: "begin", call, t: 1_000, method, deadlineMs, cancelAfterMs },
    ...sent.map((hash) => ({ event: "out", call, t: 1_001, hash }) as const),
    ...got.map((hash) => ({ event: "in", call, t: 1_090, hash }) as const),
    ...Array.from(
      { length: ends },
      () => ({ event: "end", call, t: endMs, code, message, reason, execution }) as const,
    ),
  ];
}

function instance(ran: Ran, run: number): InstanceLedger {
  const { process = "a", method = "Unary", attempts = 0, beginMs = 1_010, read = ["q"], wrote = ["r"] } = ran;
  const { how = "returned", disturbedMs, survived = true } = ran;
  const call = "c";
  const records: InstanceRecord[] = [
    { event: "begin", call, run, t: beginMs, method, attempts },
    ...read.map((hash) => ({ event: "in", call, run, t: beginMs + 1, hash }) as const),
    ...wrote.map((hash) => ({ event: "out", call, run, t: beginMs + 2, hash }) as const),
    ...(how === "open" ? [] : [{ event: "end", call, run, t: beginMs + 3, how } as const]),
  ];
  return { process, records, disturbedMs, survived };
}

function faultsOf(told: Told, rans: readonly Ran[], more: Partial<Evidence> = {}): string {
  const evidence: Evidence = {
    clients: [{ name: "node", records: client(told), survived: true }],
    instances: rans.map((ran, index) => instance(ran, index + 1)),
    allows: [],
    delayMs: 0,
    mustSucceed: [],
    ...more,
  };
  return checkLedger(evidence).faults.join("\n");
}

const unavailable = { code: 14, got: [], reason: "INSTANCE_LOST" } as const;
const lost = { how: "open", wrote: [], disturbedMs: 1_020, survived: false } as const;

describe("checkLedger() has nothing to say of", () => {
  test.each<[string, Told, readonly Ran[], Partial<Evidence>?]>([
    ["a call that ran", {}, [{}]],
    ["a call that its client gave up", { code: 1, got: [], cancelAfterMs: 90 }, [{ how: "aborted", wrote: [] }]],
    ["a call whose deadline passed", { code: 4, got: [], deadlineMs: 90 }, [{ how: "aborted", wrote: [] }]],
    ["a call that was lost with its instance", { ...unavailable, execution: "started" }, [lost], { allows: ["lost"] }],
    ["a call that was lost unread", { ...unavailable, execution: "unknown" }, [], { allows: ["lost"] }],
    [
      "a call that was refused",
      { code: 14, got: [], reason: "NO_INSTANCE", execution: "none" },
      [],
      { allows: ["refused"] },
    ],
    ["a call whose connection broke", { code: 14, got: [] }, [{}], { allows: ["cut"] }],
    [
      "an idempotent call that ran again when its instance was lost",
      { method: "UnaryAgain" },
      [
        { method: "UnaryAgain", ...lost },
        { method: "UnaryAgain", process: "b", attempts: 1, beginMs: 1_030 },
      ],
    ],
    [
      "the same, where the first attempt woke up after the second",
      { method: "UnaryAgain" },
      [
        { method: "UnaryAgain", how: "aborted", wrote: [], disturbedMs: 1_005, beginMs: 1_060 },
        { method: "UnaryAgain", process: "b", attempts: 1, beginMs: 1_030 },
      ],
    ],
  ])("%s", (_, told, rans, more) => {
    expect(faultsOf(told, rans, more)).toBe("");
  });
});

describe("checkLedger() finds", () => {
  test.each<[string, Told, readonly Ran[], RegExp, Partial<Evidence>?]>([
    ["a call that ran twice", {}, [{}, { process: "b" }], /it ran 2 times/],
    ["OK of a call that never ran", {}, [], /no run of it was complete/],
    ["OK of a run that did not end", {}, [{ how: "aborted" }], /no run of it was complete/],
    ["another reply than was written", { got: ["x"] }, [{}], /the reply differs/],
    ["another request than was sent", {}, [{ read: ["x"] }], /the request differs/],
    ["a reply that was lost", { got: ["r"] }, [{ wrote: ["r", "s"] }], /2 written, 1 got/],
    ["replies in another order", { got: ["s", "r"] }, [{ wrote: ["r", "s"] }], /the reply differs/],
    [
      "a message in the middle that was lost, of a call that failed",
      { ...unavailable, got: ["s"] },
      [{ ...lost, wrote: ["r", "s"] }],
      /its client got other messages/,
      { allows: ["lost"] },
    ],
    ["a result that was dropped", { ends: 0 }, [{}], /it never ended/],
    ["two results", { ends: 2 }, [{}], /it ended 2 times/],
    ["a deadline that nobody kept", { deadlineMs: 1_000, endMs: 9_000 }, [{}], /its deadline was 1000 ms/],
    ["a deadline that came early", { code: 4, got: [], deadlineMs: 5_000 }, [{}], /no reason to end so/],
    ["an abort that nobody asked for", { code: 1, got: [] }, [{}], /no reason to end so/],
    ["a failure in a scenario without one", { ...unavailable, execution: "started" }, [lost], /no reason to end so/],
    [
      "a loss that is blamed on a healthy instance",
      { ...unavailable, execution: "started" },
      [{}],
      /no reason to end so/,
      { allows: ["lost"] },
    ],
    [
      "a refusal of a call that ran",
      { code: 14, got: [], reason: "NO_INSTANCE", execution: "none" },
      [{}],
      /its status says that it did not/,
      { allows: ["refused"] },
    ],
    [
      "execution: none of a call that ran",
      { ...unavailable, execution: "none" },
      [lost],
      /its status says that it did not/,
      { allows: ["lost"] },
    ],
    [
      "an idempotent call that ran again without need",
      { method: "UnaryAgain" },
      [{ method: "UnaryAgain" }, { method: "UnaryAgain", process: "b", attempts: 1, beginMs: 1_030 }],
      /nothing had happened to a/,
    ],
    [
      "an idempotent call that ran again too soon",
      { method: "UnaryAgain" },
      [
        { method: "UnaryAgain", ...lost, disturbedMs: 1_080 },
        { method: "UnaryAgain", process: "b", attempts: 1, beginMs: 1_030 },
      ],
      /nothing had happened to a/,
    ],
    [
      "a second attempt that is not said to be one",
      { method: "UnaryAgain" },
      [
        { method: "UnaryAgain", ...lost },
        { method: "UnaryAgain", process: "b", beginMs: 1_030 },
      ],
      /does not say that it is one/,
    ],
    [
      "a run that goes on after all is over",
      { ...unavailable, execution: "started" },
      [{ ...lost, survived: true }],
      /a still runs it/,
      { allows: ["lost"] },
    ],
    [
      "a run that began after the deadline",
      { code: 4, got: [], deadlineMs: 90 },
      [{ beginMs: 2_000, how: "aborted", wrote: [] }],
      /after its deadline/,
    ],
    ["a run of another method", {}, [{ method: "Bidi" }], /ran Bidi, Unary was called/],
    [
      "a call that had to succeed",
      { ...unavailable, execution: "started" },
      [lost],
      /it had to succeed/,
      { allows: ["lost"], mustSucceed: ["c"] },
    ],
    ["a run that nobody asked for", {}, [{}], /nobody called it/, { clients: [] }],
  ])("%s", (_, told, rans, fault, more) => {
    expect(faultsOf(told, rans, more)).toMatch(fault);
  });

  test("an instance that runs more at once than it takes", () => {
    const one = instance({ how: "open" }, 1);
    const records = [...one.records, ...instance({}, 2).records];
    const evidence = { clients: [], allows: [], delayMs: 0, mustSucceed: [] };
    const faults = (capacity: number) =>
      checkLedger({ ...evidence, instances: [{ ...one, records, capacity }] }).faults.join("\n");
    expect(faults(1)).toMatch(/a ran 2 calls at once, its capacity is 1/);
    expect(faults(2)).not.toMatch(/capacity/);
  });

  test("nothing in nothing, and counts what there is", () => {
    const evidence = { clients: [], instances: [], allows: [], delayMs: 0, mustSucceed: [] };
    expect(checkLedger(evidence)).toEqual({ faults: [], calls: 0, endings: {}, failed: 0, executions: 0, repeated: 0 });
  });
});
