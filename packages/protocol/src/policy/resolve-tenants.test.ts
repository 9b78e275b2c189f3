// SPDX-License-Identifier: Apache-2.0
// What counts for tenants: resolvePolicies() with a layer that has rules.
import { describe, expect, test } from "vitest";
import type { MethodFacts } from "../codegenv1/types.js";
import { library } from "./library.suite.js";
import { type PolicyLayer, type ResolvedTenants, resolvePolicies } from "./resolve-policy.js";
import { type TenantRuleFacts, type TenantsFacts, tenantClassesOf } from "./tenant-facts.js";

const known: TenantsFacts = {
  identifiedBy: { metadata: "x-tenant-id" },
  list: [
    { id: "acme", labels: { plan: "gold", region: "eu" } },
    { id: "beta", labels: { plan: "gold" } },
    { id: "gamma", labels: { plan: "silver" } },
    { id: "delta", labels: { region: "eu" } },
    { id: "other", labels: { plan: "gold", region: "eu" } },
  ],
};
const rules: readonly TenantRuleFacts[] = [
  { labels: { plan: "gold" }, defaults: { timeoutMs: 9_000, retry: { maxAttempts: 3 } }, balance: { random: {} } },
  { labels: { region: "eu" }, methods: { getBook: { timeoutMs: 7_000 } }, balance: { roundRobin: {} } },
];
const methods: Record<string, MethodFacts> = {
  getBook: { number: 1, timeoutMs: 1_000, hedging: { maxAttempts: 2 } },
  lendBook: { number: 2 },
};
const router = { service: library, methods };

const resolve = (layers: readonly PolicyLayer[]) => resolvePolicies(router, layers);
const withRules: PolicyLayer = {
  source: "configuration",
  service: { defaults: { priority: "low" }, balance: { leastRequest: {} } },
  methods: { getBook: { timeoutMs: 2_000 } },
  tenants: { known, rules },
};

/** What counts for a method and a tenant, and who said it. */
function of(tenants: ResolvedTenants | undefined, id: string, method: string) {
  const found = tenants?.classes.find((one) => one.tenants.includes(id))?.methods[method];
  return { facts: found?.facts, sources: found?.sources };
}

describe("tenantClassesOf()", () => {
  test("puts tenants together that match the same rules, and leaves out those that match none", () => {
    expect(tenantClassesOf({ known, rules })).toEqual([
      { rules: [0, 1], tenants: ["acme", "other"] },
      { rules: [0], tenants: ["beta"] },
      { rules: [1], tenants: ["delta"] },
    ]);
  });

  test("asks for all labels of a rule, and for nothing that an object has by birth", () => {
    const asked: readonly TenantRuleFacts[] = [
      { labels: { plan: "gold", region: "us" } },
      { labels: { constructor: "gold" } },
    ];
    expect(tenantClassesOf({ known, rules: asked })).toEqual([]);
  });
});

describe("resolvePolicies() by tenant", () => {
  const { tenants, ...plain } = resolve([withRules]);

  test("lets rules go before all else, the later first, field by field, and says whose each value is", () => {
    expect(of(tenants, "acme", "getBook")).toEqual({
      facts: { timeoutMs: 7_000, priority: "low", retry: { maxAttempts: 3 }, balance: { roundRobin: {} } },
      sources: {
        timeoutMs: "configuration for the method, tenants with region=eu",
        priority: "configuration for the service",
        retry: "configuration for the service, tenants with plan=gold",
        balance: "configuration for the service, tenants with region=eu",
      },
    });
    expect(of(tenants, "beta", "getBook").facts).toEqual({
      timeoutMs: 9_000,
      priority: "low",
      retry: { maxAttempts: 3 },
      balance: { random: {} },
    });
    expect(of(tenants, "delta", "lendBook").facts).toEqual({ priority: "low", balance: { roundRobin: {} } });
  });

  test("leaves what counts for all others as it is without rules", () => {
    const { tenants: _, ...without } = withRules;
    expect(plain).toEqual(resolve([without]));
    expect(plain.methods.getBook?.facts.timeoutMs).toBe(2_000);
    expect(resolve([without])).not.toHaveProperty("tenants");
  });

  test("has the same object where the same source counts, by which what is shared is known", () => {
    const [both, gold] = tenants?.classes ?? [];
    expect(both?.methods.lendBook?.facts.retry).toBe(gold?.methods.getBook?.facts.retry);
    expect(both?.methods.lendBook?.facts.balance).toBe(both?.methods.getBook?.facts.balance);
  });

  test("lets a later layer go before the rules of an earlier one", () => {
    const later: PolicyLayer = { source: "later", methods: { getBook: { timeoutMs: 500 } } };
    expect(of(resolve([withRules, later]).tenants, "acme", "getBook")).toMatchObject({
      facts: { timeoutMs: 500 },
      sources: { timeoutMs: "later for the method" },
    });
    expect(of(resolve([later, withRules]).tenants, "acme", "getBook").facts?.timeoutMs).toBe(7_000);
  });
});
