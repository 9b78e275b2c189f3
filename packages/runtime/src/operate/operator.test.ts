// SPDX-License-Identifier: Apache-2.0
import type { TenantsFacts } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { PolicyScene, starts } from "../test-kit/policy-scene.suite.js";
import { bytes } from "../test-kit/text.suite.js";

const service = "acme.test.v1.TestService";
const key = (byte: number) => new Uint8Array(16).fill(byte);

describe("Operator.services()", () => {
  it("tells methods, kinds, instances and calls", () => {
    const scene = new PolicyScene({}, { count: 0 });
    const { operator } = scene.router.core;
    expect(operator.services()[0]).toMatchObject({ name: service, serving: false, instances: 0, available: 0 });
    scene.router.instance({ instanceId: "a" }, ["Get", "Chat"]);
    scene.add();
    scene.call("Get");
    scene.call("Chat");
    const [found] = operator.services();
    expect(found).toMatchObject({ serving: true, instances: 2, available: 2, openCalls: 2, waitingCalls: 0 });
    expect(found?.methods.map(({ name, kind, idempotent, available }) => [name, kind, idempotent, available])).toEqual([
      ["Get", "unary", false, 2],
      ["Read", "unary", true, 1],
      ["Watch", "server_streaming", false, 1],
      ["Collect", "client_streaming", false, 1],
      ["Chat", "bidi_streaming", false, 2],
    ]);
    expect(found?.methods[0]).toMatchObject({ input: "acme.test.v1.Message", output: "acme.test.v1.Message" });
  });
});

describe("Operator.policy()", () => {
  const scene = new PolicyScene({ timeoutMs: 500, retryBudget: { share: 0.3 }, methods: { read: { timeoutMs: 9 } } });
  const { operator } = scene.router.core;

  it.each([
    [`${service}/Read`, "timeoutMs", 9, "code for the method"],
    [`/${service}/read`, "timeoutMs", 9, "code for the method"],
    [`${service}/Get`, "timeoutMs", 500, "code for the service"],
    [service, "retryBudget", { share: 0.3 }, "code for the service"],
  ])("of %s says who said %s", (subject, name, value, source) => {
    expect(operator.policy(subject)).toContainEqual({ name, value, source });
  });

  it.each([
    ["acme.test.v1.TestServise", `the service acme.test.v1.TestServise: it must be routed. Near: ${service}`],
    [`${service}/Gett`, "the method must be one of the service's, such as Get"],
    [`${service}/Quux`, "such as Get, Read, Watch, Collect, Chat"],
    ["x", "it must be routed. There are 1"],
  ])("of %s says what there is", (subject, text) => {
    expect(() => operator.policy(subject)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
    expect(() => operator.policy(subject)).toThrow(text);
  });
});

describe("Operator.policy() of tenants", () => {
  const known: TenantsFacts = {
    identifiedBy: { metadata: "x-tenant-id" },
    list: [
      { id: "acme", labels: { plan: "gold" } },
      { id: "beta", labels: {} },
    ],
  };
  const rules = [{ labels: { plan: "gold" }, methods: { get: { timeoutMs: 2_000 } } }];
  const policies = new Map([[service, { source: "configuration", tenants: { known, rules } }]]);
  const { operator } = new PolicyScene({ timeoutMs: 500 }, { policies }).router.core;
  const timeoutOf = (tenant?: string) =>
    operator.policy(`${service}/Get`, tenant).find(({ name }) => name === "timeoutMs")?.value;

  it("is what a rule says that matches, or what counts for all", () => {
    expect(["acme", "beta", undefined].map(timeoutOf)).toEqual([2_000, 500, 500]);
  });

  it.each([
    [`${service}/Get`, "acne", "NOT_FOUND", "rules are about (acme), received acne"],
    [`${service}/Get`, "quux", "NOT_FOUND", "rules are about (acme, beta), received quux"],
    [service, "acme", "INVALID_SETTING", "of a tenant it must be a method, received none"],
  ])("refuses %s of %s", (subject, tenant, code, text) => {
    expect(() => operator.policy(subject, tenant)).toThrow(expect.objectContaining({ code }));
    expect(() => operator.policy(subject, tenant)).toThrow(text);
  });
});

describe("Operator.setWeight()", () => {
  it("stands in for the weight that the instance states, until it is taken back", () => {
    const scene = new PolicyScene({});
    const { core } = scene.router;
    const weights = () => core.instances().map(({ weight, orderedWeight }) => [weight, orderedWeight]);
    expect(core.operator.setWeight({ instanceId: "i1" }, 7)).toEqual([service]);
    expect(weights()).toEqual([
      [100, 7],
      [100, undefined],
    ]);
    // What it states counts for nothing meanwhile, and again afterwards.
    scene.at(0).control({ kind: { case: "traits", value: { weight: 30 } } });
    scene.router.run();
    expect(weights()[0]).toEqual([30, 7]);
    core.operator.setWeight({ instanceId: "i1", service }, undefined);
    expect(weights()[0]).toEqual([30, undefined]);
    expect(scene.router.logger.of("operator_weight").map(({ message }) => message)).toEqual([
      `i1 of ${service} has the weight 7, by order of an operator`,
      `i1 of ${service} has the weight that it states again, by order of an operator`,
    ]);
  });

  it("is what balancers see, and survives a lost connection", () => {
    const scene = new PolicyScene({ balance: "weighted_round_robin" });
    const { operator } = scene.router.core;
    operator.setWeight({ instanceId: "i1" }, 900);
    scene.at(0).peer.duplex.reset();
    scene.router.run();
    const back = scene.router.instance({ instanceId: "i1", processKey: key(1) });
    for (let call = 0; call < 100; call++) scene.call();
    expect(starts(back)).toHaveLength(90);
  });

  it.each([0, -1, 1.5, 1_000_001, Number.NaN])("refuses %s", (weight) => {
    const { operator } = new PolicyScene({}).router.core;
    expect(() => operator.setWeight({ instanceId: "i1" }, weight)).toThrow(
      `Cannot weigh i1: the weight must be a whole number from 1 to 1000000, received ${weight}. To give it no calls, drain it`,
    );
  });
});

describe("Operator.kick()", () => {
  it("closes the channel with a reason; the instance may come back", () => {
    const scene = new PolicyScene({});
    const read = scene.call("Read");
    const { operator } = scene.router.core;
    expect(operator.kick({ instanceId: "i1" }, "it is slow")).toEqual([service]);
    scene.router.run();
    expect(scene.at(0).call.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "KICKED" } } });
    // The lost rule sends what may run twice elsewhere.
    expect(read.status).toBeUndefined();
    expect(scene.spread[1]).toBe(1);
    scene.router.instance({ instanceId: "i1" });
    expect(scene.router.core.instances().map(({ instanceId }) => instanceId)).toEqual(["i2", "i1"]);
    expect(scene.router.logger.of("operator_kick")[0]?.message).toBe(
      `i1 of ${service} is kicked by an operator: it is slow`,
    );
  });

  it.each([
    [{ instanceId: "i11" }, "Cannot find the instance i11: it must be registered. Near: i1"],
    [{ instanceId: "nobody" }, "Cannot find the instance nobody: it must be registered. There are 2: i1, i2"],
    [{ instanceId: "i1", service: "acme.x.v1.X" }, "Cannot find the service acme.x.v1.X: it must be routed"],
  ])("of %j says who there is", (instance, text) => {
    const { operator } = new PolicyScene({}).router.core;
    for (const act of ["kick", "withdraw", "resume"] as const) expect(() => operator[act](instance)).toThrow(text);
    expect(() => operator.setWeight(instance, 1)).toThrow(text);
  });
});

describe("Operator.withdraw()", () => {
  const stateOf = (scene: PolicyScene, id: string) => {
    const info = scene.router.core.instances().find(({ instanceId }) => instanceId === id);
    return [info?.state, info?.withdrawn, info?.openCalls];
  };

  it("keeps new calls from the instance and lets its own end, until resume()", () => {
    const scene = new PolicyScene({});
    const { operator } = scene.router.core;
    const before = scene.call();
    expect(operator.withdraw({ instanceId: "i1" }, 5_000)).toEqual([service]);
    expect(stateOf(scene, "i1")).toEqual(["draining", true, 1]);
    scene.call();
    expect(scene.spread).toEqual([1, 1]);
    scene.answer(0);
    expect(before.status?.code).toBe(0);
    expect(stateOf(scene, "i1")).toEqual(["draining", true, 0]);
    // Nothing was said to the instance, which is still connected.
    expect(scene.at(0).call.status).toBeUndefined();
    operator.resume({ instanceId: "i1" });
    expect(stateOf(scene, "i1")).toEqual(["serving", false, 0]);
    operator.withdraw({ instanceId: "i2" });
    scene.call();
    expect(scene.spread).toEqual([2, 1]);
    expect(scene.router.logger.of("operator_drain")[0]?.message).toBe(
      `i1 of ${service} gets no new calls by order of an operator; 1 open ones have 5 s`,
    );
  });

  it("ends what still runs when the grace is over, the last one given", () => {
    const scene = new PolicyScene({});
    const { operator } = scene.router.core;
    const call = scene.call();
    operator.withdraw({ instanceId: "i1" });
    operator.withdraw({ instanceId: "i1" }, 2_000);
    scene.pass(1_900);
    expect(call.status).toBeUndefined();
    scene.pass(400);
    expect(call.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "INSTANCE_LOST" } } });
    // The grace was for those calls only.
    operator.resume({ instanceId: "i1" });
    const next = scene.call();
    scene.pass(3_000);
    expect(next.status).toBeUndefined();
  });

  it("leaves the service without an instance if it was the last one", () => {
    const scene = new PolicyScene({}, { count: 1 });
    scene.router.core.operator.withdraw({ instanceId: "i1" });
    expect(scene.call().status).toMatchObject({ code: 14, details: { errorInfo: { reason: "NO_INSTANCE" } } });
    expect(scene.router.core.ready).toBe(false);
  });

  it.each([
    ["the same process, whose connection was lost,", 1, "draining"],
    ["another process under the id", 9, "serving"],
  ])("finds %s %#", (_, process, state) => {
    const scene = new PolicyScene({});
    scene.router.core.operator.withdraw({ instanceId: "i1" });
    scene.at(0).peer.duplex.reset();
    scene.router.run();
    scene.router.instance({ instanceId: "i1", processKey: key(process), incarnation: 2n });
    expect(stateOf(scene, "i1")[0]).toBe(state);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses a grace of %s", (graceMs) => {
    const { operator } = new PolicyScene({}).router.core;
    expect(() => operator.withdraw({ instanceId: "i1" }, graceMs)).toThrow(
      `Cannot drain i1: the grace must be from 0 to 86400000 ms, received ${graceMs}`,
    );
  });
});

describe("Operator.callStats()", () => {
  it("counts calls by status, and tells how long they took", () => {
    const scene = new PolicyScene({}, { count: 1 });
    for (let ms = 1; ms <= 100; ms++) {
      scene.call();
      scene.pass(ms);
      if (ms > 98) scene.fail(0, 5);
      else scene.answer(0);
    }
    scene.call();
    const stats = scene.router.core.operator.callStats();
    const get = stats?.find(({ method }) => method === `${service}/Get`);
    expect(get).toMatchObject({ started: 101, attempts: 101, ended: { OK: 98, NOT_FOUND: 2 } });
    const { meanMs = 0, p50Ms = 0, p90Ms = 0, p99Ms = 0 } = get?.latency ?? {};
    expect(meanMs).toBeCloseTo(50.5, 3);
    // At most a bucket above the true value, never below it.
    for (const [found, exact] of [
      [p50Ms, 50],
      [p90Ms, 90],
      [p99Ms, 99],
    ] as const) {
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * 2 ** (1 / 8));
    }
    expect(stats?.find(({ method }) => method === `${service}/Watch`)).toEqual({
      method: `${service}/Watch`,
      started: 0,
      ended: {},
      attempts: 0,
      latency: undefined,
    });
  });

  it("tells nothing where nothing is counted", () => {
    expect(new PolicyScene({}, { metrics: false }).router.core.operator.callStats()).toBeUndefined();
  });
});

describe("Operator.calls()", () => {
  it("lists what is open, oldest first, and says how much did not fit", () => {
    const scene = new PolicyScene({}, { count: 1 });
    const { operator } = scene.router.core;
    expect(operator.calls()).toEqual({ calls: [], matched: 0 });
    scene.call("Get", { timeout: "9S" });
    scene.pass(1_000);
    const chat = scene.client.start(`/${service}/Chat`);
    chat.send(bytes("hello"));
    scene.router.run();
    scene.at(0).send({ head: { callId: 2n, header: {}, acceptedThrough: 2n }, member: [12, bytes("hi")] });
    scene.pass(500);
    const { calls, matched } = operator.calls();
    expect(matched).toBe(2);
    const [get, talk] = calls;
    expect(get).toMatchObject({ method: `${service}/Get`, phase: "running", instance: "i1", ageMs: 1_500, attempt: 1 });
    expect(get?.remainingMs).toBe(7_500);
    expect(get?.id).toMatch(/#1$/);
    expect(talk).toMatchObject({ method: `${service}/Chat`, phase: "running", ageMs: 500, sentBytes: 7 });
    expect(talk?.remainingMs).toBe(Number.POSITIVE_INFINITY);
    expect(get?.heldBytes).toBeGreaterThanOrEqual(0);
    expect(operator.calls({ limit: 1 })).toEqual({ calls: [get], matched: 2 });
    expect(operator.calls({ olderThanMs: 1_000 }).calls).toEqual([get]);
    expect(operator.calls({ method: `${service}/Chat` }).calls).toEqual([talk]);
    expect(operator.calls({ method: service }).matched).toBe(2);
    expect(operator.calls({ instance: "i2" }).matched).toBe(0);
    expect(operator.calls({ instance: "i1" }).matched).toBe(2);
  });

  it("keeps the oldest of many", () => {
    const scene = new PolicyScene({});
    for (let call = 0; call < 20; call++) {
      scene.call();
      scene.pass(10);
    }
    const { calls, matched } = scene.router.core.operator.calls({ limit: 3 });
    expect(matched).toBe(20);
    expect(calls.map(({ ageMs }) => ageMs)).toEqual([200, 190, 180]);
  });

  it.each([
    ["acme.test.v1.TestServic", `it must be routed. Near: ${service}`],
    [`${service}/Gett`, `it must be one of ${service}. Near: Get`],
  ])("refuses %s, which there is not", (method, text) => {
    expect(() => new PolicyScene({}).router.core.operator.calls({ method })).toThrow(text);
  });
});
