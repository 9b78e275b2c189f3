// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SpanBatches, type SpanBatchLimits } from "./span-batches.js";
import { readRequest } from "./span-reader.suite.js";
import { SpanFields } from "./span-fields.js";
import type { FinishedSpan } from "./span-writer.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createBatches(limits: SpanBatchLimits = {}) {
  const sent: string[] = [];
  const reports: string[] = [];
  let answers: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  const batches = new SpanBatches({
    ...limits,
    source: { resource: {}, scope: { name: "test", version: "1" } },
    send: (request) => {
      sent.push(
        readRequest(request)
          .spans.map(({ name }) => name)
          .join(""),
      );
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      answers.push({ resolve, reject });
      return promise;
    },
    report: (error) => void reports.push(`${error}`),
  });
  return {
    batches,
    sent,
    reports,
    add: (names: string) => {
      for (const name of names)
        batches.add({ toSpan: () => ({ ...span, fields: [new SpanFields({ name, attributes: [] })] }) });
    },
    /** Ends what is being sent. */
    answer: async (error?: Error) => {
      const [first, ...rest] = answers;
      answers = rest;
      if (error === undefined) first?.resolve();
      else first?.reject(error);
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

const span: FinishedSpan = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentId: "",
  isRemote: false,
  traceState: "",
  startMs: 1,
  endMs: 2,
  fields: [],
  error: "",
};

describe("SpanBatches", () => {
  it("sends what there is when the first span has waited long enough", () => {
    const { sent, add } = createBatches({ scheduleDelayMs: 100 });
    add("a");
    vi.advanceTimersByTime(60);
    add("b");
    vi.advanceTimersByTime(39);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sent).toEqual(["ab"]);
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual(["ab"]);
  });

  it("sends a full batch at once, and the next one when that is done", async () => {
    const { sent, reports, add, answer } = createBatches({ maxExportBatchSize: 2 });
    add("abcde");
    expect(sent).toEqual(["ab"]);
    await answer();
    expect(sent).toEqual(["ab", "cd"]);
    await answer();
    vi.advanceTimersByTime(5_000);
    expect(sent).toEqual(["ab", "cd", "e"]);
    expect(reports).toEqual([]);
  });

  it("sends thousands together, in their order", () => {
    const { sent, add } = createBatches();
    const names = Array.from({ length: 3_000 }, (_, index) => String.fromCharCode(0x61 + (index % 26))).join("");
    add(names);
    expect(sent).toEqual([names.slice(0, 2_048)]);
    vi.advanceTimersByTime(5_000);
    expect(sent).toHaveLength(1);
  });

  it("drops what is above the queue, and says how much once something is sent", async () => {
    const { sent, reports, add, answer } = createBatches({ maxExportBatchSize: 2, maxQueueSize: 5 });
    add("abcdefgh");
    await answer();
    expect(sent).toEqual(["ab", "cd"]);
    expect(reports).toEqual(["Error: the collector is slower than they come: dropped 3"]);
    add("ij");
    await answer();
    await answer();
    expect(sent).toEqual(["ab", "cd", "ei"]);
    expect(reports).toHaveLength(1);
  });

  it("has batches no larger than its queue", () => {
    const { sent, add } = createBatches({ maxQueueSize: 3 });
    add("abcd");
    expect(sent).toEqual(["abc"]);
  });

  it("goes on after what could not be sent", async () => {
    const { sent, reports, add, answer } = createBatches({ maxExportBatchSize: 1 });
    add("ab");
    await answer(new Error("gone"));
    expect(sent).toEqual(["a", "b"]);
    expect(reports).toEqual(["Error: gone"]);
  });

  it("flush() settles when all is sent", async () => {
    const { batches, sent, add, answer } = createBatches({ maxExportBatchSize: 2 });
    add("abc");
    let settled = false;
    const flushed = batches.flush().then(() => {
      settled = true;
    });
    await answer();
    expect([sent, settled]).toEqual([["ab", "c"], false]);
    await answer();
    await flushed;
    expect(vi.getTimerCount()).toBe(0);
    await batches.flush();
    expect(sent).toEqual(["ab", "c"]);
  });
});
