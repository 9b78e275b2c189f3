// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { concat } from "../testing/peer-frames.suite.js";
import { octets } from "../testing/relay-bed.suite.js";
import { ReplyPipe } from "./reply-pipe.js";

describe("ReplyPipe", () => {
  it("gives back every octet of every message, and accounts for every octet of DATA, wherever it is cut", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const { random } = createSeededRandom(seed);
      const messages = Array.from({ length: 8 }, (_, at) => octets(Math.floor(random() ** 3 * 5_000), at));
      const data = concat(
        messages.map((bytes, at) =>
          concat([Uint8Array.of(at & 1, 0, 0, bytes.length >> 8, bytes.length & 255), bytes]),
        ),
      );
      const pipe = new ReplyPipe(5_000);
      const read: { bytes: Uint8Array; compressed: boolean }[] = [];
      let dataBytes = 0;
      let parts: Uint8Array[] = [];
      for (let at = 0; at < data.length; ) {
        const end = Math.min(data.length, at + 1 + Math.floor(random() ** 2 * 2_000));
        expect(pipe.receive(data, at, end)).toBeUndefined();
        at = end;
        for (let slice = pipe.take(); slice !== undefined; slice = pipe.take()) {
          dataBytes += slice.dataBytes;
          parts.push(slice.bytes);
          if (slice.rest > 0) continue;
          read.push({ bytes: concat(parts), compressed: slice.compressed });
          parts = [];
        }
        expect(pipe.isInMessage, `seed ${seed}`).toBe(dataBytes < at || parts.length > 0);
      }
      const sent = messages.map((bytes, at) => ({ bytes, compressed: (at & 1) === 1 }));
      expect(read, `seed ${seed}`).toEqual(sent);
      expect(dataBytes).toBe(data.length);
      expect(pipe.isInMessage).toBe(false);
    }
  });

  it("keeps slices of its own, as its input is read into again and may be an array whose slice() is a view", () => {
    const pipe = new ReplyPipe(1_000);
    const input = Buffer.from([0, 0, 0, 0, 3, 1, 2, 3]);
    pipe.receive(input, 0, input.length);
    input.fill(9);
    expect(pipe.take()?.bytes).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([
    ["flags", Uint8Array.of(2, 0, 0, 0, 0), { kind: "flags", flags: 2 }],
    ["length", Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff), { kind: "tooLarge", sizeBytes: 0xffff_ffff }],
  ])("refuses %s that it must not take", (_name, bytes, fault) => {
    expect(new ReplyPipe(1_000).receive(bytes, 0, bytes.length)).toEqual(fault);
  });

  it("keeps no slice that was taken, while others always wait", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    setFlagsFromString("--no-expose-gc");
    const pipe = new ReplyPipe(1_000);
    const message = concat([Uint8Array.of(0, 0, 0, 1, 0), octets(256)]);
    pipe.receive(message, 0, message.length);
    const taken: WeakRef<Uint8Array>[] = [];
    for (let count = 0; count < 100; count++) {
      pipe.receive(message, 0, message.length);
      taken.push(new WeakRef(pipe.take()?.bytes ?? message));
      expect(pipe.isEmpty).toBe(false);
    }
    // What a WeakRef was made of lives until the task is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(taken.filter((slice) => slice.deref() !== undefined).length).toBeLessThan(5);
  });
});
