// SPDX-License-Identifier: Apache-2.0
// The program's interceptors around calls: what they see and change, how they refuse, and that their mistakes cost only
// their own call.
import { describe, expect, test } from "vitest";
import { CallError } from "../intercept/call-error.js";
import type { CallInterceptor, CallResult } from "../intercept/call-interceptor.js";
import { CallMetadata } from "../intercept/call-metadata.js";
import { PolicyScene } from "../test-kit/policy-scene.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

const through: CallInterceptor = (next) => (call) => next(call);

async function begin(interceptor: CallInterceptor, settings: object = {}, options: object = {}) {
  const scene = new PolicyScene({ interceptors: [interceptor], ...settings } as never, { ...options, count: 2 });
  const call = scene.call("Get", {
    metadata: [
      ["who", "me"],
      ["data-bin", "AAEC"],
    ],
  });
  await scene.router.scheduler.settle();
  return { scene, call };
}

describe("an interceptor", () => {
  test("sees the call before it is routed, and its result after", async () => {
    const seen: unknown[] = [];
    const results: CallResult[] = [];
    const { scene, call } = await begin((next) => async (view) => {
      seen.push(view.method.name, view.method.parent.typeName, view.peerAddress, view.previousAttempts, [
        ...view.metadata,
      ]);
      const result = await next(view);
      results.push(result);
      return result;
    });
    expect(seen).toEqual([
      "Get",
      "acme.test.v1.TestService",
      "left",
      0,
      [
        ["who", "me"],
        ["data-bin", "AAEC"],
      ],
    ]);
    expect(text(scene.last(0).payload)).toBe("question");
    scene.at(0).end(1, { code: 9, message: "not%20now", trailers: [{ name: "why", value: bytes("busy") }] });
    await scene.router.scheduler.settle();
    expect(call.status).toMatchObject({ code: 9, message: "not now" });
    expect(results).toMatchObject([{ code: 9, message: "not now", attempts: 1 }]);
    expect(results[0]?.trailers.get("why")).toBe("busy");
  });

  test("is told what the client is, where that cannot be what the instance said", async () => {
    const results: CallResult[] = [];
    const { scene, call } = await begin((next) => async (view) => {
      const result = await next(view);
      results.push(result);
      return result;
    });
    scene.at(0).end(1, { code: 0, trailers: [{ name: "why", value: bytes("not\nprintable") }] });
    await scene.router.scheduler.settle();
    expect(call.status).toMatchObject({ code: 13, details: { errorInfo: { reason: "BAD_METADATA" } } });
    expect(results).toMatchObject([{ code: 13, message: call.status?.message }]);
  });

  test("changes the metadata that the instance gets", async () => {
    const { scene } = await begin((next) => async (view) => {
      await Promise.resolve();
      view.metadata.set("who", "somebody");
      view.metadata.delete("data-bin");
      view.metadata.append("more-bin", "BAU=");
      return await next(view);
    });
    const metadata = scene.last(0).start?.metadata.map(({ name, value }) => [name, [...value]]);
    expect(metadata).toEqual([
      ["who", [...bytes("somebody")]],
      ["more-bin", [...bytes("BAU=")]],
    ]);
  });

  test.each<[string, CallInterceptor, number, string]>([
    ["by a CallError", () => async () => Promise.reject(new CallError(7, "not you")), 7, "not you"],
    [
      "by an error with a code, as Connect's",
      () => () => {
        throw Object.assign(new Error("[unauthenticated] who"), { code: 16, rawMessage: "who" });
      },
      16,
      "who",
    ],
    ["by an answer of its own without a text", () => async () => ({ code: 8 }) as CallResult, 8, ""],
    [
      "by an answer of its own",
      () => async () => ({ code: 8, message: "enough", trailers: new CallMetadata(), attempts: 0 }),
      8,
      "enough",
    ],
  ])("refuses calls %s", async (_how, interceptor, code, message) => {
    const { scene, call } = await begin(interceptor);
    expect([call.status?.code, call.status?.message, call.trailersOnly, scene.spread]).toEqual([
      code,
      message,
      true,
      [0, 0],
    ]);
  });

  test.each<[string, CallInterceptor]>([
    [
      "throws",
      () => () => {
        throw new Error("oops");
      },
    ],
    ["answers nothing at all", () => async () => undefined as unknown as CallResult],
    [
      "answers OK without an answer",
      () => async () => ({ code: 0, message: "", trailers: new CallMetadata(), attempts: 0 }),
    ],
    [
      "sets what cannot be sent",
      (next) => async (view) => {
        view.metadata.set("Bad Name", "x");
        return await next(view);
      },
    ],
  ])("that %s ends its call, and no other", async (_what, interceptor) => {
    let isFirst = true;
    const once: CallInterceptor = (next) => {
      const bad = interceptor(next);
      return (view) => {
        const run = isFirst ? bad : next;
        isFirst = false;
        return run(view);
      };
    };
    const { scene, call } = await begin(once);
    expect(call.status).toMatchObject({ code: 13, details: { errorInfo: { reason: "POLICY_FAILED" } } });
    expect(scene.router.core.routerCounters.reasons.POLICY_FAILED).toBe(1);
    const good = scene.call();
    await scene.router.scheduler.settle();
    scene.answer(0);
    expect(good.status?.code).toBe(0);
  });

  test("that throws before it has seen a call ends each one", async () => {
    const { scene, call } = await begin(() => {
      throw new Error("oops");
    });
    const next = scene.call();
    await scene.router.scheduler.settle();
    expect([call, next].map(({ status }) => status?.details?.errorInfo?.reason)).toEqual([
      "POLICY_FAILED",
      "POLICY_FAILED",
    ]);
    expect(scene.router.logger.of("policy_failed")[0]?.message).toContain("oops");
  });

  test("that throws after the call has ended is only logged", async () => {
    const { scene, call } = await begin((next) => async (view) => {
      await next(view);
      throw new Error("too late");
    });
    scene.answer(0);
    await scene.router.scheduler.settle();
    expect(call.status?.code).toBe(0);
    expect(scene.router.logger.entries.find(({ event }) => event === "policy_failed")?.message).toContain("too late");
  });

  test("runs inside those before it: the router's, then the service's", async () => {
    const order: string[] = [];
    const named =
      (name: string): CallInterceptor =>
      (next) =>
      async (view) => {
        order.push(`${name} in`);
        const result = await next(view);
        order.push(`${name} out`);
        return result;
      };
    const { scene } = await begin(named("service"), {}, { interceptors: [named("router 1"), named("router 2")] });
    scene.answer(0);
    await scene.router.scheduler.settle();
    expect(order).toEqual(["router 1 in", "router 2 in", "service in", "service out", "router 2 out", "router 1 out"]);
  });

  test("that takes long holds the call, which its deadline or its client may end", async () => {
    const results: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow: CallInterceptor = (next) => async (view) => {
      await promise;
      const result = await next(view);
      results.push(result.code);
      return result;
    };
    const scene = new PolicyScene({ interceptors: [slow] });
    const late = scene.call("Get", { timeout: "1S" });
    const gone = scene.call();
    scene.pass(1_100);
    gone.cancel();
    scene.router.run();
    expect([late.status?.code, scene.spread]).toEqual([4, [0, 0]]);
    resolve();
    await scene.router.scheduler.settle();
    expect([results.sort(), scene.spread]).toEqual([
      [1, 4],
      [0, 0],
    ]);
  });

  test("takes its time from the call's: the instance gets what is left", async () => {
    const scene: PolicyScene = new PolicyScene({
      interceptors: [
        (next) => async (view) => {
          await new Promise<void>((resolve) => scene.router.scheduler.after(100, resolve));
          return await next(view);
        },
      ],
    });
    scene.call("Get", { timeout: "1S" });
    await scene.router.scheduler.advanceSettled(101);
    expect(Number(scene.last(0).start?.timeoutUs)).toBe(900_000);
  });

  test("lets a stream's messages come while it decides", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const scene = new PolicyScene({
      interceptors: [
        (next) => async (view) => {
          await promise;
          return await next(view);
        },
      ],
    });
    const call = scene.client.start(pathOf("Collect"));
    call.send(bytes("one"));
    scene.router.run();
    call.send(bytes("two"), { halfClose: true });
    scene.router.run();
    expect(scene.spread).toEqual([0, 0]);
    resolve();
    await scene.router.scheduler.settle();
    expect(
      scene
        .at(0)
        .calls.map(({ payload }) => text(payload))
        .filter(Boolean),
    ).toEqual(["one", "two"]);
    scene.at(0).reply(1, "Collect", bytes("both"));
    scene.router.run();
    expect(call.status?.code).toBe(0);
  });

  test("sees one result however many attempts there were", async () => {
    const results: CallResult[] = [];
    const { scene } = await begin(
      (next) => async (view) => {
        const result = await next(view);
        results.push(result);
        return result;
      },
      { retry: { maxAttempts: 2, initialBackoffMs: 10, attemptTimeoutMs: 500 } },
    );
    scene.pass(516);
    scene.pass(30);
    await scene.router.scheduler.settle();
    expect([results, scene.spread]).toEqual([[], [1, 1]]);
    scene.answer(1);
    await scene.router.scheduler.settle();
    expect(results).toMatchObject([{ code: 0, attempts: 2 }]);
  });

  test("cannot go on twice, or with another call", async () => {
    const errors: unknown[] = [];
    await begin((next) => async (view) => {
      await next({ ...view, method: view.method, metadata: view.metadata, remainingMs: 1 }).catch((error: unknown) =>
        errors.push(error),
      );
      const result = next(view);
      await next(view).catch((error: unknown) => errors.push(error));
      return await result;
    });
    expect(errors.map(String)).toEqual([
      "TypeError: Cannot go on: next must get the call that the interceptor got",
      "TypeError: Cannot go on: next must be called once",
    ]);
  });

  test("is not there for methods without one", async () => {
    const scene = new PolicyScene({});
    scene.call();
    expect(scene.spread).toEqual([1, 0]);
    const { scene: other } = await begin(through);
    expect(other.spread).toEqual([1, 0]);
  });
});

test.each([
  [{ code: 9, message: "closed for today" }, [9, "closed for today"]],
  [{ code: 0, payloadBase64: "" }, [0, ""]],
])("an interceptor is told of the static reply that its client gets: %j", async (reply, expected) => {
  const told: unknown[] = [];
  const interceptor: CallInterceptor = (next) => async (call) => {
    const result = await next(call);
    told.push([result.code, result.message]);
    return result;
  };
  const settings = { interceptors: [interceptor], methods: { get: { fallback: { reply } } } };
  const scene = new PolicyScene(settings as never, { count: 0 });
  const call = scene.call();
  await scene.router.scheduler.settle();
  expect([call.status?.code, told]).toEqual([reply.code, [expected]]);
});
