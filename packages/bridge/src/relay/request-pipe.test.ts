// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { MAX_KEPT_REQUEST_BYTES } from "../limits.js";
import { concat } from "../testing/peer-frames.suite.js";
import { octets } from "../testing/relay-bed.suite.js";
import { KeptBytes } from "./kept-bytes.js";
import { RequestPipe } from "./request-pipe.js";

/** An output with as much room as a test says. */
function createOutput(room = Number.POSITIVE_INFINITY) {
  const parts: Uint8Array[] = [];
  const output = {
    left: room,
    ended: 0,
    get bytes() {
      return concat(parts);
    },
    room: () => output.left,
    write(bytes: Uint8Array, start: number, end: number, endStream: boolean) {
      if (end - start > output.left) throw new Error("wrote more than there is room for");
      if (output.ended > 0) throw new Error("wrote behind the end");
      output.left -= end - start;
      parts.push(bytes.slice(start, end));
      if (endStream) output.ended++;
    },
  };
  return output;
}

function add(pipe: RequestPipe, bytes: Uint8Array, totalBytes = bytes.length, compressed = false): number {
  return pipe.add(bytes, 0, bytes.length, totalBytes, compressed, bytes.length + 64);
}

describe("RequestPipe", () => {
  it("puts the prefix before the first slice of each message", () => {
    const pipe = new RequestPipe(new KeptBytes(1_000));
    const output = createOutput();
    add(pipe, Uint8Array.of(1, 2), 3, true);
    add(pipe, Uint8Array.of(3), -1);
    add(pipe, new Uint8Array(0));
    expect(pipe.sendTo(output)).toBe(3 + 3 * 64);
    expect([...output.bytes]).toEqual([1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0]);
  });

  it.each([
    ["with the last octets", true],
    ["alone when it comes later", false],
  ])("sends the end %s", (_name, isEarly) => {
    const pipe = new RequestPipe(new KeptBytes(1_000));
    const output = createOutput();
    add(pipe, octets(10));
    if (isEarly) pipe.close();
    pipe.sendTo(output);
    expect(output.ended).toBe(isEarly ? 1 : 0);
    pipe.close();
    pipe.sendTo(output);
    pipe.sendTo(output);
    expect(output.ended).toBe(1);
  });

  it("gives each cost back once, when the slice is sent, whatever the room and however often it starts again", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = createSeededRandom(seed);
      const kept = new KeptBytes(1_000_000);
      const pipe = new RequestPipe(kept);
      let output = createOutput(0);
      let cost = 0;
      const sizes = Array.from({ length: 10 }, () => Math.floor(random.random() * 3_000));
      const whole = concat(
        sizes.map((size, at) => concat([Uint8Array.of(0, 0, 0, size >> 8, size & 255), octets(size, at)])),
      );
      sizes.forEach((size, at) => {
        add(pipe, octets(size, at));
        output.left = Math.floor(random.random() * 4_000);
        cost += pipe.sendTo(output);
        if (random.random() > 0.1) return;
        expect(pipe.rewind()).toBe(true);
        output = createOutput(0);
      });
      pipe.close();
      output.left = Number.POSITIVE_INFINITY;
      cost += pipe.sendTo(output);
      expect(output.bytes, `seed ${seed}`).toEqual(whole);
      expect(output.ended).toBe(1);
      expect(cost, `seed ${seed}`).toBe(sizes.reduce((sum, size) => sum + size + 64, 0));
      expect(pipe.unsentBytes).toBe(0);
      expect(kept.bytes).toBe(whole.length);
      pipe.drop();
      expect(kept.bytes).toBe(0);
    }
  });

  it("counts what slices take beside their bytes until they are sent, as a window holds many that are empty", () => {
    const pipe = new RequestPipe(new KeptBytes(1_000_000));
    let counted = 0;
    for (let count = 0; count < 1_000; count++) counted += add(pipe, new Uint8Array(0));
    expect(counted).toBe(1_000 * (5 + 64));
    expect(pipe.unsentBytes).toBe(counted);
    const output = createOutput(500 * 5 + 2);
    pipe.sendTo(output);
    expect(pipe.unsentBytes).toBe(500 * (5 + 64) - 2);
    expect(pipe.rewind()).toBe(true);
    expect(pipe.unsentBytes).toBe(counted);
    pipe.sendTo(createOutput());
    expect(pipe.unsentBytes).toBe(0);
  });

  it("keeps what is sent until it is told, or until it is too much", () => {
    const kept = new KeptBytes(1_000_000);
    const pipe = new RequestPipe(kept);
    add(pipe, octets(100));
    pipe.sendTo(createOutput());
    pipe.forgetSent();
    expect(pipe.rewind()).toBe(false);
    expect(kept.bytes).toBe(0);
    const large = new RequestPipe(kept);
    for (let size = 0; size <= MAX_KEPT_REQUEST_BYTES; size += 16_000) add(large, octets(16_000));
    large.sendTo(createOutput());
    expect(large.rewind()).toBe(false);
    expect(kept.bytes).toBe(0);
  });

  it("keeps nothing that all calls together have no room for", () => {
    const kept = new KeptBytes(150);
    const pipes = [new RequestPipe(kept), new RequestPipe(kept)];
    for (const pipe of pipes) {
      add(pipe, octets(100));
      pipe.sendTo(createOutput());
    }
    expect(pipes.map((pipe) => pipe.rewind())).toEqual([true, false]);
  });

  it("sends everything of a long stream, in order, without keeping it", () => {
    const pipe = new RequestPipe(new KeptBytes(0));
    const output = createOutput();
    for (let count = 0; count < 200; count++) {
      add(pipe, octets(10, count));
      if (count % 50 === 49) pipe.sendTo(output);
    }
    expect(output.bytes.length).toBe(200 * 15);
  });
});
