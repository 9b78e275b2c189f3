// SPDX-License-Identifier: Apache-2.0
// Random hooks, sizes, forms and cuts: what arrives is what the hooks said, in its order, and windows and credit are exact.
import { createSeededRandom, type SeededRandom } from "@grpc-router/testing";
import { expect, test } from "vitest";
import { type DataMessage, dataOf, HookScene, messageOf, wireOf } from "../test-kit/hook-scene.suite.js";
import { type MethodName, pathOf } from "../test-kit/test-service.suite.js";
import { pattern } from "../test-kit/text.suite.js";

const textOf = (data: Uint8Array): string => Buffer.from(data).toString("latin1");

/** Answers at random, now or later, and notes what should arrive. */
function createHook(random: SeededRandom, expected: string[]) {
  return ({ data }: DataMessage) => {
    const kind = random.integer(3);
    const size = kind === 0 ? data.length : random.integer(random.integer(4) === 0 ? 60_000 : 200);
    const answer = kind === 0 ? undefined : messageOf(pattern(size, random.integer(256)));
    expected.push(textOf(answer?.data ?? data));
    if (random.integer(2) === 0) return answer;
    return new Promise((resolve) => {
      if (random.integer(2) === 0) resolve(answer);
      else setImmediate(() => resolve(answer));
    });
  };
}

const sizeOf = (random: SeededRandom): number => random.integer(random.integer(5) === 0 ? 60_000 : 300);

async function run(seed: number, method: MethodName): Promise<void> {
  const random = createSeededRandom(seed);
  const label = `seed ${seed}, ${method}`;
  const asked: string[] = [];
  const answered: string[] = [];
  const hooks = { onRequest: createHook(random.fork(), asked), onResponse: createHook(random.fork(), answered) };
  const scene = new HookScene({ method, hooks, random: random.fork(), maxChunkBytes: 1 + random.integer(3_000) });
  const call = scene.client.start(pathOf(method), { metadata: [["grpc-encoding", "gzip"]] });
  const count = 1 + random.integer(8);
  const counts = {
    requests: method === "Chat" || method === "Collect" ? count : 1,
    replies: method === "Chat" || method === "Watch" ? count : 1,
  };
  const withLast = random.integer(2) === 0;
  for (let sent = 0; sent < counts.requests; sent++) {
    const { bytes, compressed } = wireOf(pattern(sizeOf(random), sent), random.integer(3) === 0);
    const halfClose = withLast && sent === counts.requests - 1;
    call.send(bytes, { compressed, halfClose });
    if (random.integer(3) === 0) await scene.settle();
  }
  if (!withLast) call.halfClose();
  // The instance reads a little at a time.
  for (let round = 0; round < 400 && !scene.halfClosed(); round++) {
    await scene.settle();
    if (scene.records.length > 0) scene.credit(5_000 + random.integer(20_000));
  }
  await scene.settle();
  expect(scene.halfClosed(), label).toBe(true);
  expect(
    scene.requests().map((wire) => textOf(dataOf(wire))),
    label,
  ).toEqual(asked);
  expect([asked.length, scene.heldWindow()], label).toEqual([counts.requests, 0]);
  scene.header();
  for (let sent = 0; sent < counts.replies; sent++) {
    const wire = wireOf(pattern(sizeOf(random), sent), random.integer(3) === 0);
    for (const frame of scene.framesOf(wire, 100 + random.integer(16_284))) {
      call.setReading(random.integer(4) > 0);
      // Never beyond the credit that it has.
      while ((scene.records[0]?.replyCredit ?? 0) < 16_384 + 64) {
        call.setReading(true);
        await scene.settle();
      }
      scene.instance.send(frame);
      await scene.settle();
    }
  }
  const hasEnded = random.integer(2) === 0;
  if (hasEnded) scene.instance.end(1);
  call.setReading(true);
  await scene.settle();
  if (!hasEnded) {
    expect(scene.missingCredit(), label).toBe(0);
    scene.instance.end(1);
    await scene.settle();
  }
  expect(
    call.messages.map((message) => textOf(dataOf(message))),
    label,
  ).toEqual(answered);
  expect([call.status?.code, answered.length, scene.leaks], label).toEqual([0, counts.replies, [0, 0, 0]]);
}

test.each(["Get", "Watch", "Collect", "Chat"] as const)("what arrives is what hooks say: %s", async (method) => {
  for (let seed = 0; seed < 40; seed++) await run(seed, method);
});
