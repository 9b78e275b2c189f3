// SPDX-License-Identifier: Apache-2.0
// What happens while a hook thinks: order, ends, deadlines, lost instances, attempts. Nothing is lost, nothing leaks, and
// nothing is kept beyond its bounds.
import { describe, expect, test } from "vitest";
import { CallError } from "../intercept/call-error.js";
import { hookAheadBytes } from "../limits.js";
import {
  createHookScenes,
  createPatient,
  decode,
  type HookScene,
  messageOf,
  wireOf,
} from "../test-kit/hook-scene.suite.js";
import { pattern } from "../test-kit/text.suite.js";

const small = wireOf(pattern(5), false);

const create = createHookScenes();

const sizes = (messages: readonly { readonly bytes: Uint8Array }[]): number[] =>
  messages.map(({ bytes }) => decode(bytes).length);

describe("a request hook that has promised an answer", () => {
  test("holds back what follows and the half-close, and no other direction, in their order", async () => {
    const { hook, waiting } = createPatient();
    const scene = create({ method: "Chat", hooks: { onRequest: hook } });
    const call = scene.start();
    for (const size of [1, 2, 3]) call.send(wireOf(pattern(size), false).bytes);
    call.halfClose();
    await scene.settle();
    expect([waiting.length, scene.requests(), scene.halfClosed()]).toEqual([1, [], false]);
    scene.respond(small);
    await scene.settle();
    expect(sizes(call.messages)).toEqual([5]);
    waiting[0]?.resolve();
    await scene.settle();
    expect([waiting.length, sizes(scene.requests()), scene.halfClosed()]).toEqual([2, [1], false]);
    waiting[1]?.resolve(messageOf(pattern(20)));
    await scene.settle();
    waiting[2]?.resolve();
    await scene.settle();
    expect([sizes(scene.requests()), scene.halfClosed(), scene.heldWindow()]).toEqual([[1, 20, 3], true, 0]);
    scene.instance.end(1);
  });

  test("bounds what is kept by the client's window", async () => {
    const { hook, waiting } = createPatient();
    const scene = create({ method: "Collect", hooks: { onRequest: hook } });
    const call = scene.start();
    for (let count = 0; count < 40; count++) call.send(wireOf(pattern(10_000, count), false).bytes);
    await scene.settle();
    const [kept = 0] = scene.leaks;
    expect(call.queuedBytes).toBeGreaterThan(300_000);
    expect(kept).toBeLessThanOrEqual(4 * 65_536);
    call.cancel();
    await scene.settle();
    waiting[0]?.resolve();
    scene.instance.end(1, { code: 1 });
  });

  test.each(["a deadline", "a caller that goes"])("ends with %s, whatever it says then", async (how) => {
    const { hook, waiting } = createPatient();
    const scene = create({ method: "Get", hooks: { onRequest: hook } });
    const call = scene.start({ timeout: "50m" });
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    if (how === "a deadline") {
      await scene.router.scheduler.advanceSettled(100);
      expect(call.status?.details?.errorInfo?.reason).toBe("CALL_DEADLINE");
    } else call.cancel();
    await scene.settle();
    expect(scene.leaks).toEqual([0, 0, 0]);
    // Its record may be another call's by now.
    const next = scene.start();
    waiting[0]?.resolve(messageOf(pattern(9)));
    waiting[0]?.reject(new Error("late"));
    await scene.settle();
    expect([scene.instance.calls, next.status]).toEqual([[], undefined]);
    next.cancel();
  });

  test("that fails when its call is over is counted all the same", async () => {
    const { hook, waiting } = createPatient();
    const scene = create({ method: "Get", hooks: { onRequest: hook } });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    call.cancel();
    await scene.settle();
    waiting[0]?.reject(new Error("late"));
    await scene.settle();
    expect(scene.router.core.routerCounters.reasons.POLICY_FAILED).toBe(1);
    expect(scene.router.logger.of("policy_failed")).toHaveLength(1);
  });

  test("is not asked before interceptors have let the call go", async () => {
    const { hook, waiting } = createPatient();
    const gate = Promise.withResolvers<void>();
    const scene = create({
      method: "Get",
      hooks: { onRequest: hook },
      interceptors: [
        (next) => async (call) => {
          await gate.promise;
          return await next(call);
        },
      ],
    });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    expect(waiting).toHaveLength(0);
    gate.resolve();
    await scene.settle();
    expect(waiting).toHaveLength(1);
    waiting[0]?.resolve();
    await scene.settle();
    expect(sizes(scene.requests())).toEqual([5]);
    scene.instance.reply(1, "Get", small.bytes);
    await scene.settle();
    expect(call.status?.code).toBe(0);
  });

  test("lets a client that is answered meanwhile go", async () => {
    const { hook } = createPatient();
    const scene = create({ method: "Chat", hooks: { onRequest: hook } });
    const call = scene.start();
    call.send(small.bytes);
    await scene.settle();
    scene.instance.end(1, { code: 9, message: "enough" });
    await scene.settle();
    expect([call.status?.code, call.closed]).toEqual([9, true]);
  });

  test.each([
    ["with a status of its own", new CallError(7, "late")],
    ["by a mistake", new Error("late")],
  ])("and fails %s when the instance is done changes nothing of its answer", async (_how, error) => {
    const request = createPatient();
    const response = createPatient();
    const scene = create({ method: "Chat", hooks: { onRequest: request.hook, onResponse: response.hook } });
    const call = scene.start();
    call.send(small.bytes);
    await scene.settle();
    scene.respond(small);
    scene.instance.end(1);
    await scene.settle();
    request.waiting[0]?.reject(error);
    await scene.settle();
    expect([call.messages, call.status]).toEqual([[], undefined]);
    response.waiting[0]?.resolve();
    await scene.settle();
    expect([sizes(call.messages), call.status?.code]).toEqual([[5], 0]);
  });

  test("counts what it has inflated as memory of the client", async () => {
    const { hook, waiting } = createPatient();
    const scene = create({ method: "Get", hooks: { onRequest: hook } });
    const bomb = wireOf(new Uint8Array(1_000_000), true);
    const call = scene.start();
    call.send(bomb.bytes, { compressed: true, halfClose: true });
    await scene.settle();
    expect([waiting.length, bomb.bytes.length < 2_000]).toEqual([1, true]);
    expect(scene.leaks[0]).toBeGreaterThan(1_000_000);
    call.cancel();
    await scene.settle();
    waiting[0]?.resolve();
  });
});

describe("what a request hook lets go", () => {
  test("waits for the instance's credit, and the hook for it", async () => {
    let asked = 0;
    const scene = create({
      method: "Collect",
      hooks: {
        onRequest: () => {
          asked++;
          return messageOf(pattern(30_000));
        },
      },
    });
    const call = scene.start();
    for (let count = 0; count < 200; count++) call.send(small.bytes);
    await scene.settle();
    // 80 KiB are with the instance, and as many as may be ahead of it.
    expect(asked).toBeLessThanOrEqual(Math.ceil((81_920 + hookAheadBytes) / 30_000) + 1);
    for (let round = 0; round < 120; round++) {
      scene.credit(60_000);
      await scene.settle();
    }
    call.halfClose();
    await scene.settle();
    expect([asked, scene.requests().length, scene.halfClosed(), scene.heldWindow()]).toEqual([200, 200, true, 0]);
    scene.instance.end(1);
  });

  test("is what the key of the call is read from", async () => {
    const keys: number[] = [];
    const scene = create({
      method: "Get",
      hooks: { onRequest: () => Promise.resolve(messageOf(pattern(33))) },
      settings: {
        methods: {
          get: {
            routeKey: (request: { readonly data: Uint8Array }) => {
              keys.push(request.data.length);
              return request.data;
            },
          },
        },
      } as never,
    });
    scene.start().send(small.bytes, { halfClose: true });
    await scene.settle();
    expect(keys).toEqual([33]);
    scene.instance.reply(1, "Get", small.bytes);
  });
});

describe("a response hook that has promised an answer", () => {
  async function begin(method: "Get" | "Watch", options: Partial<ConstructorParameters<typeof HookScene>[0]> = {}) {
    const { hook, waiting } = createPatient();
    const scene = create({ method, hooks: { onResponse: hook }, ...options });
    const call = scene.start({ timeout: "1S" });
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    return { scene, call, waiting };
  }

  test("holds back the End with its trailers; the instance's slot is free", async () => {
    const { scene, call, waiting } = await begin("Watch");
    for (const size of [1, 2]) scene.respond(wireOf(pattern(size), false));
    scene.instance.end(1, { code: 5, message: "no%20more", trailers: [{ name: "why", value: new Uint8Array([104]) }] });
    await scene.settle();
    expect([call.trailers, scene.leaks.slice(2)]).toEqual([undefined, [0]]);
    waiting[0]?.resolve(messageOf(pattern(7)));
    await scene.settle();
    expect([sizes(call.messages), call.trailers]).toEqual([[7], undefined]);
    waiting[1]?.resolve();
    await scene.settle();
    expect([sizes(call.messages), call.status?.code, call.status?.message, call.trailerValues("why")]).toEqual([
      [7, 2],
      5,
      "no more",
      ["h"],
    ]);
  });

  test("lets what came before a loss go first", async () => {
    const { scene, call, waiting } = await begin("Watch");
    for (const size of [1, 2]) scene.respond(wireOf(pattern(size), false));
    await scene.settle();
    scene.instance.peer.duplex.reset();
    await scene.settle();
    expect(call.trailers).toBeUndefined();
    for (const index of [0, 1]) {
      waiting[index]?.resolve();
      await scene.settle();
    }
    expect([sizes(call.messages), call.status?.details?.errorInfo?.reason]).toEqual([[1, 2], "INSTANCE_LOST"]);
  });

  test.each(["deadline", "caller", "close", "status"] as const)(
    "ends with the %s although the instance is done",
    async (how) => {
      const { scene, call, waiting } = await begin("Get");
      scene.respond(small);
      scene.instance.end(1);
      await scene.settle();
      if (how === "deadline") await scene.router.scheduler.advanceSettled(2_000);
      else if (how === "caller") call.cancel();
      else if (how === "close") scene.router.core.close();
      else waiting[0]?.reject(new CallError(9, "late"));
      await scene.settle();
      waiting[0]?.resolve();
      await scene.settle();
      expect([call.closed, call.messages, scene.leaks]).toEqual([true, [], [0, 0, 0]]);
      if (how === "deadline") expect(call.status?.details?.errorInfo?.reason).toBe("CALL_DEADLINE");
      if (how === "status") expect(call.status?.code).toBe(9);
    },
  );

  test("gives back no credit of what waits, and all of it afterwards", async () => {
    const { scene, waiting } = await begin("Watch");
    for (let count = 0; count < 7; count++) scene.respond(wireOf(pattern(10_000, count), false));
    await scene.settle();
    const cost = 7 * (wireOf(pattern(10_000), false).bytes.length + 64);
    expect(scene.missingCredit()).toBe(cost);
    for (let index = 0; index < 7; index++) {
      waiting[index]?.resolve(index % 2 === 0 ? messageOf(pattern(50_000)) : undefined);
      await scene.settle();
    }
    expect(scene.missingCredit()).toBe(0);
    scene.instance.end(1);
  });

  test("drops the beginning of a message that never came whole", async () => {
    const { scene, call, waiting } = await begin("Watch");
    scene.respond(small);
    scene.instance.send({ head: { callId: 1n }, fragment: { remaining: 10, data: new Uint8Array(5) } });
    scene.instance.end(1, { code: 13 });
    await scene.settle();
    waiting[0]?.resolve();
    await scene.settle();
    expect([sizes(call.messages), call.restBytes, call.status?.code]).toEqual([[5], 0, 13]);
  });
});
