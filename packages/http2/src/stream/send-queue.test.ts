// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { advanceQueue, appendToQueue, clearQueue } from "./send-queue.js";
import { StreamRecord } from "./stream-record.js";

/** Octets that tell their place. */
function counting(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (from + index) % 251);
}

function drain(stream: StreamRecord<unknown>, most: number): number[] {
  const octets: number[] = [];
  for (let chunk = stream.queueFirst; chunk !== undefined; chunk = stream.queueFirst) {
    const count = Math.min(most, chunk.end - chunk.start);
    octets.push(...chunk.bytes.subarray(chunk.start, chunk.start + count));
    advanceQueue(stream, chunk, count);
  }
  return octets;
}

describe("appendToQueue(), advanceQueue()", () => {
  it.each([1, 1_000, 1_024, 1_025, 16_384, 50_000])("keep the order of %i octets twice", (length) => {
    const stream = new StreamRecord<unknown>();
    appendToQueue(stream, counting(0, length), 0, length);
    appendToQueue(stream, counting(length - 5, length + 5), 5, length + 5);
    expect(stream.queuedBytes).toBe(2 * length);
    expect(drain(stream, 700)).toEqual([...counting(0, 2 * length)]);
    expect(stream.queuedBytes).toBe(0);
    expect(stream.queueFirst).toBeUndefined();
    expect(stream.queueLast).toBeUndefined();
  });

  it("hold a small chunk for a small message", () => {
    const stream = new StreamRecord<unknown>();
    appendToQueue(stream, counting(0, 10), 0, 10);
    expect(stream.queueFirst?.bytes.length).toBe(1_024);
    clearQueue(stream);
  });
});

describe("clearQueue()", () => {
  it("drops everything and lets chunks be used again", () => {
    const stream = new StreamRecord<unknown>();
    appendToQueue(stream, counting(0, 40_000), 0, 40_000);
    const chunk = stream.queueFirst;
    clearQueue(stream);
    expect(stream.queuedBytes).toBe(0);
    expect(stream.queueFirst).toBeUndefined();
    appendToQueue(stream, counting(0, 40_000), 0, 40_000);
    expect(chunk?.bytes.length).toBe(16_384);
    expect(drain(stream, 16_384)).toEqual([...counting(0, 40_000)]);
  });
});
