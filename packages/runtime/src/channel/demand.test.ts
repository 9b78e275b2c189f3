// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import { CallSchema, MESSAGE_PREFIX_BYTES } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import type { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes } from "../test-kit/text.suite.js";
import { Demand } from "./demand.js";

function recorded(): { readonly demand: Demand; readonly said: string[] } {
  const said: string[] = [];
  const demand = new Demand({
    say(kind, frame) {
      const control = fromBinary(CallSchema, frame.subarray(MESSAGE_PREFIX_BYTES)).head?.control?.kind;
      said.push(control?.case === kind ? `${control.value.waiting} token ${control.value.token}` : "?");
    },
  });
  return { demand, said };
}

describe("Demand", () => {
  it("is rounded up to a power of two, and said when that changes", () => {
    const { demand, said } = recorded();
    for (const [index, count] of [0, 1, 1, 2, 3, 4, 5, 8, 7, 300, 0].entries()) demand.update(count, index * 100);
    expect(said.map((text) => Number(text.split(" ")[0]))).toEqual([1, 2, 4, 8, 512, 0]);
  });

  it("is said at most ten times a second", () => {
    const { demand, said } = recorded();
    for (let nowMs = 0; nowMs < 1_000; nowMs += 7) demand.update(2 ** (nowMs % 8), nowMs);
    expect(said.length).toBeLessThanOrEqual(10);
    expect(said.length).toBeGreaterThan(5);
  });

  it("answers a capacity at once, with what waits", () => {
    const { demand, said } = recorded();
    demand.update(3, 0);
    demand.answer(7, 3, 1);
    demand.update(0, 50);
    demand.update(0, 101);
    expect(said).toEqual(["4 token 0", "4 token 7", "0 token 7"]);
  });
});

describe("the demand of a channel", () => {
  /** What the instance was told, in order. */
  const told = (instance: RawInstance) =>
    instance.frames.flatMap(({ control }) =>
      control?.kind.case === "demand" ? [`${control.kind.value.waiting} token ${control.kind.value.token}`] : [],
    );

  function setUp(hello: { readonly capacity?: { calls: number }; readonly features?: string[] } = {}) {
    const router = new TestRouter();
    const instance = router.instance({ capacity: { calls: 1 }, features: ["demand"], ...hello });
    const { client } = router.connect();
    const call = (count: number): void => {
      for (let index = 0; index < count; index++) client.unary(pathOf("Get"), bytes("x"));
      router.run();
    };
    return { router, instance, call };
  }

  it("says that calls wait, all of one turn at once, and that none does any more", () => {
    const { router, instance, call } = setUp();
    call(1);
    expect(told(instance)).toEqual([]);
    call(5);
    expect(told(instance)).toEqual(["8 token 0"]);
    for (let id = 1; id <= 6; id++) {
      instance.reply(id, "Get", bytes("y"));
      router.run();
    }
    router.scheduler.advance(300);
    expect(told(instance)).toEqual(["8 token 0", "0 token 0"]);
    router.scheduler.advance(2_000);
    expect(told(instance)).toHaveLength(2);
  });

  it("asks an instance that states 0", () => {
    const { instance, call } = setUp({ capacity: { calls: 0 } });
    call(1);
    expect(told(instance)).toEqual(["1 token 0"]);
  });

  it("answers a capacity with a token, behind all Starts that went before it", () => {
    const { router, instance, call } = setUp({ capacity: { calls: 4 } });
    call(2);
    instance.control({ kind: { case: "capacity", value: { calls: 2, token: 9 } } });
    instance.control({ kind: { case: "capacity", value: { calls: 3 } } });
    router.run();
    expect(told(instance)).toEqual(["0 token 9"]);
  });

  it("says nothing to an instance that has not asked for it", () => {
    const { router, instance, call } = setUp({ features: [] });
    call(5);
    instance.control({ kind: { case: "capacity", value: { calls: 1, token: 9 } } });
    router.scheduler.advance(1_000);
    expect(instance.controls).toEqual(["welcome"]);
    expect(instance.welcome.features).toEqual([]);
  });

  it("grows with the queue, by the next sweep", () => {
    const { router, instance, call } = setUp();
    call(2);
    call(20);
    expect(told(instance)).toEqual(["1 token 0"]);
    router.scheduler.advance(300);
    expect(told(instance)).toEqual(["1 token 0", "32 token 0"]);
  });

  it("is none for a channel that drains", () => {
    const { router, instance, call } = setUp();
    instance.control({ kind: { case: "drain", value: {} } });
    router.run();
    call(3);
    router.scheduler.advance(1_000);
    expect(told(instance)).toEqual([]);
  });
});

describe("the list of further routers", () => {
  it("goes to instances that follow it, in the welcome and when it changes", () => {
    const router = new TestRouter({ routers: ["http://a:1"] });
    const follows = router.instance({ instanceId: "follows", features: ["routers"] });
    const other = router.instance({ instanceId: "other", features: ["later"] });
    expect(follows.welcome).toMatchObject({ routers: ["http://a:1"], features: ["routers"] });
    expect(other.welcome).toMatchObject({ routers: [], features: [] });
    router.core.setRouters(["http://a:1"]);
    router.core.setRouters(["http://a:1", "https://b"]);
    router.run();
    expect(() => router.core.setRouters(["nothing"])).toThrow("Cannot name further routers");
    expect(follows.controls).toEqual(["welcome", "routers"]);
    expect(follows.frames.at(-1)?.control?.kind.value).toMatchObject({ addresses: ["http://a:1", "https://b"] });
    expect(other.controls).toEqual(["welcome"]);
    const later = router.instance({ instanceId: "later", features: ["routers", "demand"] });
    expect(later.welcome).toMatchObject({ routers: ["http://a:1", "https://b"], features: ["routers", "demand"] });
  });

  it("is checked when the router is made", () => {
    expect(() => new TestRouter({ routers: ["a:1"] })).toThrow("Cannot name further routers");
  });
});
