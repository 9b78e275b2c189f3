// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { RequestQueue } from "./request-queue.js";

function createQueue() {
  const taken: number[] = [];
  const undecodable: unknown[] = [];
  const queue: RequestQueue<number> = new RequestQueue({
    decode: (bytes) => {
      if (bytes[0] === 0xff) throw new Error("not a message");
      return bytes[0] ?? 0;
    },
    taken: (sizeBytes, cost) => void taken.push(sizeBytes, cost),
    undecodable: (error) => {
      undecodable.push(error);
      queue.fail(new Error("the call ends"));
    },
  });
  return { queue, taken, undecodable };
}

async function collect(queue: RequestQueue<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const each of queue) all.push(each);
  return all;
}

describe("RequestQueue", () => {
  it("gives messages in order, those that came before their reader and those after", async () => {
    const { queue } = createQueue();
    queue.push(Uint8Array.of(1), 65);
    queue.push(Uint8Array.of(2), 65);
    const all = collect(queue);
    await Promise.resolve();
    queue.push(Uint8Array.of(3), 65);
    queue.close();
    expect(await all).toEqual([1, 2, 3]);
    expect(queue.finished).toBe(true);
  });

  it("reports a message when it is taken, not when it comes", async () => {
    const { queue, taken } = createQueue();
    queue.push(Uint8Array.of(1, 1, 1), 67);
    expect(taken).toEqual([]);
    await queue.next();
    expect(taken).toEqual([3, 67]);
    const waiting = queue.next();
    queue.push(Uint8Array.of(2), 65);
    expect(taken).toEqual([3, 67, 1, 65]);
    await waiting;
  });

  it("serves several readers in the order they came", async () => {
    const { queue } = createQueue();
    const results = Promise.all([queue.next(), queue.next(), queue.next()]);
    for (const octet of [7, 8]) queue.push(Uint8Array.of(octet), 65);
    queue.close();
    expect(await results).toEqual([
      { done: false, value: 7 },
      { done: false, value: 8 },
      { done: true, value: undefined },
    ]);
  });

  it("fail() rejects readers, drops what is here, and stays failed", async () => {
    const { queue } = createQueue();
    const reader = queue.next();
    queue.fail(new Error("first"));
    queue.fail(new Error("second"));
    queue.push(Uint8Array.of(1), 65);
    await expect(reader).rejects.toThrow("first");
    await expect(queue.next()).rejects.toThrow("first");
  });

  it("return() ends the stream for its readers and drops what still comes", async () => {
    const { queue, taken } = createQueue();
    queue.push(Uint8Array.of(1), 65);
    expect(await queue.return()).toEqual({ done: true, value: undefined });
    queue.push(Uint8Array.of(2), 65);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
    expect(taken).toEqual([]);
  });

  it.each(["before", "after"])("ends the call for a message that came %s its reader and is none", async (when) => {
    const { queue, undecodable } = createQueue();
    if (when === "before") queue.push(Uint8Array.of(0xff), 65);
    const reader = queue.next();
    if (when === "after") queue.push(Uint8Array.of(0xff), 65);
    await expect(reader).rejects.toThrow("the call ends");
    expect(undecodable).toHaveLength(1);
  });
});
