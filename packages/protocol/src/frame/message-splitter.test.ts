// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeMessagePrefix } from "../message-prefix.js";
import { FrameFault } from "./frame-fault.js";
import { MessageSplitter } from "./message-splitter.js";

class Collector {
  readonly messages: string[] = [];
  readonly buffers: Uint8Array[] = [];

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    this.messages.push(Buffer.from(bytes.subarray(start, end)).toString("hex"));
    this.buffers.push(bytes);
  }
}

function stream(...sizes: number[]): Uint8Array {
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + 5 + size, 0));
  let offset = 0;
  for (const [index, size] of sizes.entries()) {
    offset = writeMessagePrefix(bytes, offset, false, size);
    bytes.fill(index + 1, offset, offset + size);
    offset += size;
  }
  return bytes;
}

function expected(...sizes: number[]): string[] {
  return sizes.map((size, index) => Buffer.alloc(size, index + 1).toString("hex"));
}

describe("MessageSplitter", () => {
  test("hands on whole messages where they lie", () => {
    const bytes = stream(3, 0, 70);
    const sink = new Collector();
    expect(new MessageSplitter(100).push(bytes, 0, bytes.length, sink)).toBe(FrameFault.none);
    expect(sink.messages).toEqual(expected(3, 0, 70));
    expect(sink.buffers.every((buffer) => buffer === bytes)).toBe(true);
  });

  test("puts together what is split at any octet", () => {
    const bytes = stream(3, 0, 5, 0);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = new MessageSplitter(100);
      const sink = new Collector();
      expect(splitter.push(bytes, 0, cut, sink)).toBe(FrameFault.none);
      expect(splitter.push(bytes, cut, bytes.length, sink)).toBe(FrameFault.none);
      expect(sink.messages).toEqual(expected(3, 0, 5, 0));
      expect(splitter.pendingBytes).toBe(0);
    }
  });

  test("puts together what comes in pieces of any size", () => {
    const sizes = fc.array(fc.oneof(fc.nat(20), fc.nat(5000)), { maxLength: 8 });
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 }),
        (lengths, cuts) => {
          const bytes = stream(...lengths);
          const splitter = new MessageSplitter(5000);
          const sink = new Collector();
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const end = Math.min(bytes.length, at + (cuts[turn % cuts.length] ?? 1));
            expect(splitter.push(bytes.slice(at, end), 0, end - at, sink)).toBe(FrameFault.none);
            at = end;
          }
          expect(sink.messages).toEqual(expected(...lengths));
        },
      ),
    );
  });

  test("keeps no more memory than has come", () => {
    const splitter = new MessageSplitter(2 ** 32);
    const prefix = Uint8Array.from([0, 0xff, 0xff, 0xff, 0xff, 1]);
    expect(splitter.push(prefix, 0, 6, new Collector())).toBe(FrameFault.none);
    expect(splitter.pendingBytes).toBe(6);
  });

  test.each([5, 1, 3])("refuses a message above the limit on its prefix, which comes in pieces of %i", (piece) => {
    const splitter = new MessageSplitter(10);
    const sink = new Collector();
    const bytes = stream(10, 11);
    let fault: FrameFault = FrameFault.none;
    for (let at = 0; at < 20 && fault === FrameFault.none; at += piece) {
      fault = splitter.push(bytes, at, Math.min(20, at + piece), sink);
    }
    expect(fault).toBe(FrameFault.tooLarge);
    expect(sink.messages).toEqual(expected(10));
    expect(splitter.push(bytes, 0, bytes.length, sink)).toBe(FrameFault.none);
    expect(sink.messages).toHaveLength(1);
  });

  test("takes a limit that changes between messages", () => {
    const splitter = new MessageSplitter(10);
    const sink = { onMessage: () => (splitter.maxBytes = 5) };
    const bytes = stream(10, 6);
    expect(splitter.push(bytes, 0, bytes.length, sink)).toBe(FrameFault.tooLarge);
  });

  test.each([1, 2, 0x80])("refuses flags %i", (flags) => {
    const bytes = Uint8Array.from([flags, 0, 0, 0, 1, 0]);
    expect(new MessageSplitter(10).push(bytes, 0, 6, new Collector())).toBe(FrameFault.compressed);
  });

  test("hands nothing on once it is stopped, even in the middle of a push", () => {
    const splitter = new MessageSplitter(10);
    const sink = new Collector();
    const stopping = {
      onMessage(bytes: Uint8Array, start: number, end: number): void {
        sink.onMessage(bytes, start, end);
        splitter.stop();
      },
    };
    const bytes = stream(1, 2, 3);
    expect(splitter.push(bytes, 0, bytes.length - 1, stopping)).toBe(FrameFault.none);
    expect(splitter.push(bytes, 0, bytes.length, stopping)).toBe(FrameFault.none);
    expect(sink.messages).toEqual(expected(1));
    expect(splitter.pendingBytes).toBe(0);
  });
});
