// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { showFrames } from "../frame/frames.suite.js";
import { writeWindowUpdate } from "../frame/window-update.js";
import { acquireBuffer, outputBufferBytes, releaseBuffer } from "./buffer-pool.js";
import { OutputBuffer } from "./output-buffer.js";

function output(maxBytes = 1_000_000): { buffer: OutputBuffer; calls: string[]; taken(): string[] } {
  const calls: string[] = [];
  const buffer = new OutputBuffer(
    {
      schedule: () => calls.push("schedule"),
      flush: () => calls.push("flush"),
      pause: () => {},
      resumeLater: () => {},
      close: () => {},
    },
    maxBytes,
  );
  const taken = (): string[] => {
    const lines: string[] = [];
    for (let bytes = buffer.take(); bytes !== undefined; bytes = buffer.take()) {
      lines.push(...showFrames(bytes.subarray(0, buffer.takenLength)));
    }
    return lines;
  };
  return { buffer, calls, taken };
}

describe("OutputBuffer", () => {
  it("holds no buffer before there is something to say and after it is taken", () => {
    const { buffer } = output();
    expect(buffer.bytes.length).toBe(0);
    expect(buffer.take()).toBeUndefined();
    buffer.endStream(1);
    expect(buffer.bytes.length).toBeGreaterThan(0);
    expect(buffer.take()?.length).toBeGreaterThan(0);
    expect([buffer.takenLength, buffer.bytes.length, buffer.pending]).toEqual([9, 0, 0]);
  });

  it("cuts what is written alike, whether it begins in a small buffer or not", () => {
    const cuts = [true, false].map((isPooled) => {
      if (isPooled) releaseBuffer(acquireBuffer(outputBufferBytes));
      const { buffer, taken } = output();
      for (const [stream, octets] of [
        [1, 100],
        [1, 5_000],
        [3, 4_060],
        [3, 16_000],
        [5, 9],
        [5, 16_384],
        [7, 30_000],
      ]) {
        let left = octets ?? 0;
        while (left > 0) {
          const count = buffer.data(stream ?? 0, left, false);
          buffer.bytes.fill(stream ?? 0, buffer.offset - count, buffer.offset);
          left -= count;
        }
      }
      const first = buffer.bytes.length;
      return { first, frames: taken() };
    });
    expect(cuts[0]).toEqual(cuts[1]);
    expect(cuts[0]?.frames[0]).toBe("DATA 1 5100");
  });

  it("asks for a flush once until everything is taken", () => {
    const { buffer, calls, taken } = output();
    buffer.endStream(1);
    buffer.endStream(3);
    buffer.schedule();
    expect(calls).toEqual(["schedule"]);
    expect(taken()).toEqual(["DATA 1 0 end", "DATA 3 0 end"]);
    buffer.endStream(5);
    expect(calls).toEqual(["schedule", "schedule"]);
  });

  it("asks for a flush at once when a buffer is full, and keeps the order", () => {
    const { buffer, calls, taken } = output();
    for (let n = 0; n < 9; n++) buffer.data(1, 16_384, true);
    expect(calls.filter((call) => call === "flush")).toHaveLength(2);
    expect(buffer.pending).toBe(9 * 16_393);
    expect(taken()).toEqual(Array(9).fill("DATA 1 16384"));
    expect(buffer.pending).toBe(0);
  });

  it("gives a piece of what is wanted when a buffer is nearly full, but never a crumb", () => {
    const { buffer } = output();
    for (let n = 0; n < 3; n++) buffer.data(1, 16_384, true);
    buffer.data(3, 14_000, true);
    expect(buffer.data(3, 5_000, false)).toBe(65_536 - 3 * 16_393 - 14_009);
    expect(buffer.data(1, 5_000, false)).toBe(5_000);
    expect(buffer.offset).toBe(5_009);
  });

  it("does not let DATA grow behind another frame", () => {
    const { buffer, taken } = output();
    buffer.data(1, 10, true);
    buffer.end(writeWindowUpdate(buffer.bytes, buffer.begin(13), 0, 5));
    buffer.data(1, 10, true);
    buffer.endStream(1);
    expect(taken()).toEqual(["DATA 1 10", "WINDOW_UPDATE 0 5", "DATA 1 10 end"]);
  });

  it("makeRoom() flushes unless the transport holds back", () => {
    const { buffer, calls } = output(100);
    buffer.data(1, 50, true);
    expect(buffer.makeRoom(41)).toBe(41);
    expect(calls).toEqual(["schedule"]);
    expect(buffer.makeRoom(42)).toBe(41);
    expect(calls).toEqual(["schedule", "flush"]);
    buffer.held = true;
    expect(buffer.makeRoom(42)).toBe(41);
    expect(calls).toHaveLength(2);
  });

  it("clear() forgets everything", () => {
    const { buffer, taken } = output();
    for (let n = 0; n < 9; n++) buffer.data(1, 16_384, true);
    buffer.clear();
    expect(buffer.pending).toBe(0);
    expect(taken()).toEqual([]);
  });

  it("refuses what no buffer holds", () => {
    expect(() => output().buffer.begin(65_537)).toThrow(RangeError);
  });
});
