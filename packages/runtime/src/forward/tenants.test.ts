// SPDX-License-Identifier: Apache-2.0
// What policies by tenant do with calls.
import type { TenantRuleFacts, TenantsFacts } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { createRouter } from "../router.js";
import { inOrder, PolicyScene, starts } from "../test-kit/policy-scene.suite.js";
import type { TestRouterOptions } from "../test-kit/test-router.suite.js";
import { type MethodName, pathOf, serviceName, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes } from "../test-kit/text.suite.js";

const list: TenantsFacts["list"] = [
  { id: "acme", labels: { plan: "gold", region: "eu" } },
  { id: "beta", labels: { plan: "gold" } },
  { id: "gamma", labels: { plan: "silver" } },
];
const byMetadata: TenantsFacts = { identifiedBy: { metadata: "x-tenant-id" }, list };
const gold = { plan: "gold" };

/** A router whose operator says this by tenant. */
function setUp(
  rules: readonly TenantRuleFacts[],
  settings: ConstructorParameters<typeof PolicyScene>[0] = {},
  { known = byMetadata, ...options }: TestRouterOptions & { count?: number; known?: TenantsFacts } = {},
) {
  const policies = new Map([[serviceName, { source: "configuration", tenants: { known, rules } }]]);
  return new PolicyScene(settings, { policies, ...options });
}

function call(scene: PolicyScene, tenant: string | undefined, method: MethodName = "Get", client = scene.client) {
  const metadata: [string, string][] = tenant === undefined ? [] : [["x-tenant-id", tenant]];
  const made = client.unary(pathOf(method), bytes("question"), { metadata });
  scene.router.run();
  return made;
}

/** How long a call lasts that nobody answers. */
function lengthMs(scene: PolicyScene, tenant: string | undefined): number {
  const made = call(scene, tenant);
  for (let ms = 100; ms < 20_000; ms += 100) {
    scene.at(0).control({ kind: { case: "pong", value: {} } });
    scene.pass(100);
    if (made.status !== undefined) return ms;
  }
  return Number.POSITIVE_INFINITY;
}

describe("rules by tenant", () => {
  test("give tenants timeouts of their own; who is unknown, unnamed or matches none has that of all", () => {
    const rules = [
      { labels: gold, defaults: { timeoutMs: 4_000 } },
      { labels: { region: "eu" }, methods: { get: { timeoutMs: 2_000 } } },
    ];
    const scene = setUp(rules, { timeoutMs: 1_000 }, { count: 1 });
    const lengths = ["acme", "beta", "gamma", "nobody", "", undefined].map((tenant) => lengthMs(scene, tenant));
    const near = (ms: number) => [ms, ms + 100];
    for (const [index, ms] of [2_000, 4_000, 1_000, 1_000, 1_000, 1_000].entries()) {
      expect(near(ms), `tenant ${index}`).toContain(lengths[index]);
    }
  });

  test("send tenants to instances of their own, and leave the balance of others as it is", () => {
    const rules = [{ labels: gold, balance: { random: {}, selector: { pool: "gold" } } }];
    const scene = setUp(rules, {}, { count: 1 });
    const special = scene.router.instance({
      instanceId: "special",
      processKey: new Uint8Array(16).fill(9),
      traits: { labels: { pool: "gold" } },
    });
    for (const tenant of ["acme", "beta", "gamma", undefined]) call(scene, tenant);
    expect([scene.spread, starts(special).length]).toEqual([[2], 2]);
  });

  test("share with others the balance that they do not say", () => {
    const scene = setUp([{ labels: gold, defaults: { timeoutMs: 5_000 } }], { balance: "round_robin" }, { count: 4 });
    for (const tenant of ["acme", "gamma", "beta", undefined]) call(scene, tenant);
    expect(scene.spread).toEqual([1, 1, 1, 1]);
  });

  test("let calls be tried again, or hedged, by tenant", () => {
    const rules = [
      { labels: gold, methods: { read: { hedging: { maxAttempts: 2, hedgingDelayMs: 0 } } } },
      { labels: { plan: "silver" }, defaults: { retry: { maxAttempts: 2, initialBackoffMs: 1 } } },
    ];
    const scene = setUp(rules);
    call(scene, "acme", "Read");
    expect(scene.spread).toEqual([1, 1]);
    const retried = call(scene, "gamma");
    scene.fail(0);
    scene.pass(10);
    expect(scene.spread).toEqual([2, 2]);
    scene.answer(1);
    expect(retried.status?.code).toBe(0);
    const failed = call(scene, "nobody");
    scene.fail(0);
    scene.pass(10);
    expect(failed.status?.code).toBe(14);
  });

  test("answer tenants with fallbacks of their own", () => {
    const rules = [{ labels: gold, defaults: { fallback: { reply: { code: 9, message: "gold waits for nobody" } } } }];
    const scene = setUp(rules, {}, { count: 0 });
    expect(call(scene, "acme").status).toMatchObject({ code: 9, message: "gold waits for nobody" });
    expect(call(scene, "gamma").status?.code).toBe(14);
  });

  test("count for calls that come to a service as their fallback", () => {
    const otherName = "acme.test.v1.OtherService";
    const other = testServiceRouter({}, "OtherService");
    const reply = { fallback: { reply: { code: 9, message: "nobody here, either" } } };
    const rules = [{ labels: gold, defaults: reply }];
    const policies = new Map([[otherName, { source: "configuration", tenants: { known: byMetadata, rules } }]]);
    const fallback = { service: otherName };
    const scene = new PolicyScene({ methods: { get: { fallback } } }, { count: 0, further: other, policies });
    expect(call(scene, "acme").status).toMatchObject({ code: 9, message: "nobody here, either" });
    expect(call(scene, "gamma").status?.code).toBe(14);
  });

  test("that name a fallback which is not routed are refused when the router starts", () => {
    const rules = [{ labels: gold, defaults: { fallback: { service: "acme.test.v1.Nowhere" } } }];
    expect(() => setUp(rules)).toThrow("fallback.service must be a routed service with a method Get");
  });
});

describe("a concurrency limit by tenant", () => {
  const limit = { concurrencyLimit: { maxConcurrent: 1 } };

  test("counts together those that have it from the same rule, whatever else they match, and nobody else", () => {
    const rules = [
      { labels: gold, methods: { get: limit } },
      { labels: { region: "eu" }, defaults: { timeoutMs: 60_000 } },
    ];
    const scene = setUp(rules, {}, { count: 1 });
    for (const tenant of ["acme", "beta", "gamma", "gamma", undefined]) call(scene, tenant);
    call(scene, "acme", "Read");
    expect(scene.spread).toEqual([5]);
    expect(scene.router.core.policies()[0]?.methodsUnderWay).toBe(1);
    scene.at(0).reply(1, "Get", bytes("a"));
    scene.router.run();
    expect(scene.spread).toEqual([6]);
  });

  test("does not hold up calls of others that wait for the same method", () => {
    const scene = setUp([{ labels: gold, methods: { get: limit } }], {}, { count: 1 });
    call(scene, "acme");
    call(scene, "acme");
    call(scene, "gamma");
    expect(scene.spread).toEqual([2]);
  });

  test("that only the method has counts the calls of all together", () => {
    const scene = setUp([{ labels: gold, defaults: { timeoutMs: 9_000 } }], { methods: { get: limit } }, { count: 1 });
    for (const tenant of ["acme", "gamma", undefined]) call(scene, tenant);
    expect(scene.spread).toEqual([1]);
  });

  test("of each instance is the tenant's own, its breaker that of all", () => {
    const rules = [{ labels: gold, methods: { get: { concurrencyLimit: { maxConcurrentPerInstance: 1 } } } }];
    const breaker = { circuitBreaker: { consecutiveFailures: 2, penaltyMs: 1_000, jitter: 0 } };
    const scene = setUp(rules, { defaults: breaker });
    call(scene, "acme");
    call(scene, "acme");
    call(scene, "gamma");
    expect(scene.spread).toEqual([2, 1]);
    for (const callId of [1, 2]) scene.at(0).end(callId, { code: 13 });
    scene.router.run();
    // What failed for one is kept from all, and from a tenant whose calls have not been there.
    call(scene, "beta");
    expect(scene.spread).toEqual([2, 1]);
    scene.at(1).reply(1, "Get", bytes("a"));
    scene.router.run();
    expect(scene.spread).toEqual([2, 2]);
  });
});

describe("tenants known by certificates", () => {
  test("are those of the connection, whatever metadata says", () => {
    const known: TenantsFacts = { identifiedBy: { clientCertificate: true }, list };
    const scene = setUp([{ labels: gold, balance: { random: {}, selector: { pool: "gold" } } }], {}, { known });
    const client = scene.router.connect({ left: { identities: ["unknown.example", "acme"] } }).client;
    call(scene, "gamma", "Get", client);
    expect(scene.spread).toEqual([0, 0]);
    call(scene, "acme");
    expect(scene.spread).toEqual([1, 0]);
  });
});

test("calls of tenants that wait are told of, and end with the last instance", () => {
  const rules = [{ labels: gold, defaults: { waitForReady: false } }];
  const scene = setUp(rules, {}, { count: 1, maxOpenCalls: 1 });
  const [, waiting] = [call(scene, undefined), call(scene, "acme")];
  expect(waiting.status).toBeUndefined();
  const [service] = scene.router.core.operator.services();
  expect([service?.waitingCalls, service?.methods.map(({ waitingCalls }) => waitingCalls)]).toEqual([
    1,
    [1, 0, 0, 0, 0],
  ]);
  scene.at(0).peer.duplex.reset();
  scene.router.run();
  expect(waiting.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "NO_INSTANCE" } } });
  expect(scene.router.core.heldCalls).toBe(0);
});

describe("rules that change while the router runs", () => {
  const limit = { concurrencyLimit: { maxConcurrent: 1 } };
  const desc = testServiceRouter();

  /** The same router under other rules, or none. */
  function change(scene: PolicyScene, rules: readonly TenantRuleFacts[] | undefined, known = byMetadata) {
    const tenants = rules === undefined ? {} : { tenants: { known, rules } };
    const policies = new Map([[serviceName, { source: "configuration", ...tenants }]]);
    return scene.router.core.setServices(createRouter({ policies }).service(desc, { balance: inOrder })).changed;
  }

  test("count for new calls; those that wait go when there is room, and what stays the same keeps its counts", () => {
    const rules = [{ labels: gold, methods: { get: limit } }];
    const scene = setUp(rules, {}, { count: 1, desc });
    call(scene, "acme");
    call(scene, "acme");
    expect(
      change(
        scene,
        rules.map((rule) => ({ ...rule })),
      ),
    ).toEqual([]);
    call(scene, "beta");
    expect([scene.spread, scene.router.core.policies()[0]?.methodsUnderWay]).toEqual([[1], 1]);
    expect(change(scene, undefined)).toEqual([serviceName]);
    call(scene, "acme");
    expect(scene.spread).toEqual([2]);
    scene.at(0).reply(1, "Get", bytes("a"));
    scene.router.run();
    scene.at(0).reply(3, "Get", bytes("a"));
    scene.router.run();
    expect(scene.spread).toEqual([4]);
  });

  test("may name other tenants, also of connections that are open", () => {
    const rules = [{ labels: gold, methods: { get: { fallback: { reply: { code: 9 } } } } }];
    const source = { identifiedBy: { clientCertificate: true } } as const;
    const scene = setUp(rules, {}, { count: 0, desc, known: { ...source, list } });
    const client = scene.router.connect({ left: { identities: ["new.example"] } }).client;
    expect(call(scene, undefined, "Get", client).status?.code).toBe(14);
    const known = { ...source, list: [{ id: "new.example", labels: gold }] };
    expect(change(scene, rules, known)).toEqual([serviceName]);
    expect(call(scene, undefined, "Get", client).status?.code).toBe(9);
  });
});
