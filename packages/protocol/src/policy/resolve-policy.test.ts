// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { routerDesc } from "../codegenv1/router-desc.js";
import type { GenPolicies, MethodFacts, MethodPolicyFacts } from "../codegenv1/types.js";
import { library } from "./library.suite.js";
import { mergeMethodFacts, type PolicyLayer, resolvePolicies } from "./resolve-policy.js";

/** A router whose generated code has these facts for getBook. */
function routerOf(getBook: MethodPolicyFacts, policies?: GenPolicies) {
  const methods: Record<string, MethodFacts> = {};
  for (const [index, { localName }] of library.methods.entries()) methods[localName] = { number: 8 + index };
  return routerDesc(library, library, { ...methods, getBook: { number: 8, ...getBook } }, policies);
}

const timeouts = (method?: number, service?: number): Omit<PolicyLayer, "source"> => ({
  ...(service !== undefined && { service: { defaults: { timeoutMs: service } } }),
  ...(method !== undefined && { methods: { getBook: { timeoutMs: method } } }),
});

const inherited = { getBook: ["timeoutMs"] } as const;

describe("resolvePolicies()", () => {
  // Each row adds the next stronger source to those before it.
  test.each<[source: string, GenPolicies | undefined, own: number, code: object, configuration: object]>([
    ["service option", { inherited }, 1, {}, {}],
    ["method option", undefined, 1, {}, {}],
    ["code for the service", undefined, 0, timeouts(undefined, 1), {}],
    ["code for the method", undefined, 0, timeouts(1, 0), {}],
    ["configuration for the service", undefined, 0, timeouts(0, 0), timeouts(undefined, 1)],
    ["configuration for the method", undefined, 0, timeouts(0, 0), timeouts(1, 0)],
  ])("%s wins over what is weaker", (source, policies, own, code, configuration) => {
    const router = routerOf({ timeoutMs: own }, policies);
    const layers = [
      { source: "code", ...code },
      { source: "configuration", ...configuration },
    ];
    const { getBook } = resolvePolicies(router, layers, { timeoutMs: 0 }).methods;
    expect(getBook).toEqual({ facts: { timeoutMs: 1 }, sources: { timeoutMs: source } });
  });

  test("code for the router is weaker than all, and other methods keep it", () => {
    const { methods } = resolvePolicies(routerOf({ priority: "high" }), [], { priority: "low", timeoutMs: 9 });
    expect(methods.getBook).toEqual({
      facts: { timeoutMs: 9, priority: "high" },
      sources: { timeoutMs: "code for the router", priority: "method option" },
    });
    expect(methods.chat).toEqual({
      facts: { timeoutMs: 9, priority: "low" },
      sources: { timeoutMs: "code for the router", priority: "code for the router" },
    });
  });

  test("fields of different sources stand beside each other, each as a whole", () => {
    const router = routerOf({ timeoutMs: 5, retry: { maxAttempts: 2, maxBackoffMs: 100 } });
    const layer = { source: "configuration", methods: { getBook: { retry: { maxAttempts: 4 } } } };
    expect(resolvePolicies(router, [layer]).methods.getBook).toEqual({
      facts: { timeoutMs: 5, retry: { maxAttempts: 4 } },
      sources: { timeoutMs: "method option", retry: "configuration for the method" },
    });
  });

  test("the balance of a service is weaker than that of its defaults and stronger than weaker layers'", () => {
    const router = routerOf({ balance: { random: {} } });
    const service = { balance: { roundRobin: {} } };
    const withDefaults = { ...service, defaults: { balance: { pickFirst: {} } } };
    const balanceOf = (layer: PolicyLayer) => resolvePolicies(router, [layer]).methods.getBook;
    expect(balanceOf({ source: "code", service })).toEqual({
      facts: { balance: { roundRobin: {} } },
      sources: { balance: "code for the service" },
    });
    expect(balanceOf({ source: "code", service: withDefaults })?.facts.balance).toEqual({ pickFirst: {} });
  });

  test("policies of the service are those of the last layer that has them", () => {
    const router = routerOf({}, { retryBudget: { share: 0.1 }, circuitBreaker: {}, inherited });
    const layers = [
      { source: "code", service: { retryBudget: { share: 0.2 }, admissionControl: {} } },
      { source: "configuration", service: { retryBudget: { share: 0.3 }, balance: { random: {} } } },
    ];
    expect(resolvePolicies(router, layers).service).toEqual({
      facts: { retryBudget: { share: 0.3 }, circuitBreaker: {}, admissionControl: {} },
      sources: {
        retryBudget: "configuration for the service",
        circuitBreaker: "service option",
        admissionControl: "code for the service",
      },
    });
  });

  test("code of an earlier generator resolves", () => {
    const { service, methods } = resolvePolicies(routerOf({}), []);
    expect(service).toEqual({ facts: {}, sources: {} });
    expect(Object.keys(methods)).toEqual(["getBook", "lendBook", "watchBooks", "returnBooks", "chat"]);
    expect(methods.lendBook).toEqual({ facts: {}, sources: {} });
  });

  test("a method with the name of a thing of JavaScript's gets nothing from it", () => {
    const layer: PolicyLayer = { source: "code", methods: Object.create({ getBook: { timeoutMs: 1 } }) };
    expect(resolvePolicies(routerOf({}), [layer]).methods.getBook?.facts).toEqual({});
  });
});

describe("mergeMethodFacts()", () => {
  const retry = { maxAttempts: 2 };
  const hedging = { maxAttempts: 3 };
  const routeKey = { path: "user_id", fields: [1] };

  test.each<[readonly MethodPolicyFacts[], MethodPolicyFacts]>([
    [[{ hedging }, { retry }], { hedging }],
    [[{ retry }, { hedging }], { retry }],
    [[{ retry }, { timeoutMs: 1, hedging }], { timeoutMs: 1, retry }],
    [[{ routeKeyMetadata: "x-key" }, { routeKey }], { routeKeyMetadata: "x-key" }],
    [[{ timeoutMs: 1 }, { routeKey }, { routeKeyMetadata: "x-key" }], { timeoutMs: 1, routeKey }],
    [[{ retry }, { routeKey }], { retry, routeKey }],
  ])("of %j is %j", (layers, merged) => {
    const { facts, sources } = mergeMethodFacts(layers.map((layer, source) => ({ source, facts: layer })));
    expect(facts).toEqual(merged);
    for (const [name, source] of Object.entries(sources)) expect(layers[source]).toHaveProperty(name);
  });
});
