// SPDX-License-Identifier: Apache-2.0
import { fromJson, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { PolicyConfigSchema } from "../gen/grpcrouter/config/v1/policy_config_pb.js";
import { MAX_TENANT_CLASSES, MAX_TENANTS } from "../limits.js";
import { formatConfigFaults } from "./config-fault.js";
import { archive, library } from "./library.suite.js";
import { readPolicyConfig } from "./read-policy-config.js";

const services = [library, archive];
const name = "acme.v1.Library";
const at = `services["${name}"]`;
const known = {
  identified_by: { metadata: "x-tenant-id" },
  list: [
    { id: "acme", labels: { plan: "gold", region: "eu" } },
    { id: "beta", labels: { plan: "silver" } },
    { id: "gamma" },
  ],
};
const gold = { plan: "gold" };

const faultsOf = (json: unknown) => formatConfigFaults(readPolicyConfig(json, services).faults);
const withRules = (rules: unknown, tenants: unknown = known) => {
  return { tenants, services: { [name]: { tenant_rules: rules } } };
};

describe("tenants of readPolicyConfig()", () => {
  test("are facts of each layer that has rules", () => {
    const rule = {
      labels: gold,
      balance: { random: {} },
      defaults: { timeout: "2s" },
      methods: { Chat: { priority: "high" } },
    };
    const { layers, faults } = readPolicyConfig(
      { tenants: known, services: { [name]: { tenant_rules: [rule] }, "acme.v1.Archive": {} } },
      services,
    );
    expect(faults).toEqual([]);
    const facts = {
      known: {
        identifiedBy: { metadata: "x-tenant-id" },
        list: [
          { id: "acme", labels: { plan: "gold", region: "eu" } },
          { id: "beta", labels: { plan: "silver" } },
          { id: "gamma", labels: {} },
        ],
      },
      rules: [
        {
          labels: gold,
          balance: { random: {} },
          defaults: { timeoutMs: 2_000 },
          methods: { chat: { priority: "high" } },
        },
      ],
    };
    expect(layers.get(name)?.tenants).toEqual(facts);
    expect(layers.get("acme.v1.Archive")?.tenants).toBeUndefined();
  });

  test("are the message that holds the same, under the names of the .proto or of JSON", () => {
    const rule = { labels: gold, defaults: { timeout: "2s" }, methods: { Chat: { timeout: "3s" } } };
    const snake = { tenants: known, services: { [name]: { tenant_rules: [rule] } } };
    const { identified_by: identifiedBy, list } = known;
    const camel = { tenants: { identifiedBy, list }, services: { [name]: { tenantRules: [rule] } } };
    const { config } = readPolicyConfig(snake, services);
    expect(readPolicyConfig(camel, services)).toEqual(readPolicyConfig(snake, services));
    const { labels, methods, ...options } = rule;
    const json = {
      tenants: { identifiedBy, list },
      services: { [name]: { options: {}, tenantRules: [{ labels, options, methods }] } },
    };
    expect(toJson(PolicyConfigSchema, config)).toEqual(json);
    expect(config).toEqual(fromJson(PolicyConfigSchema, json));
  });

  test("may be known by certificates, and by nobody's rules", () => {
    const tenants = { identified_by: { client_certificate: true }, list: [{ id: "spiffe://acme/shop" }] };
    expect(faultsOf({ tenants })).toBe("");
  });

  test.each<[unknown, string]>([
    [[], "tenants: it must have fields, such as {}, received a list"],
    [{}, "tenants.identified_by: it must name metadata or client_certificate, by which tenants are known"],
    [
      { identified_by: {} },
      "tenants.identified_by: it must name metadata or client_certificate, by which tenants are known",
    ],
    [
      { identifiedBy: { metadata: "X-Tenant" } },
      'tenants.identifiedBy.metadata: metadata must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "X-Tenant"',
    ],
    [
      { identified_by: { metadata: "tenant-bin" } },
      'tenants.identified_by.metadata: metadata must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "tenant-bin"',
    ],
    [
      { identified_by: { metadata: "x", client_certificate: true } },
      "tenants.identified_by.client_certificate: it excludes metadata; one of the two must go",
    ],
    [
      { identified_by: { clientCertificate: false } },
      "tenants.identified_by.clientCertificate: clientCertificate must be true or absent, received false",
    ],
    [
      { identified_by: { header: "x" } },
      'tenants.identified_by.header: there is no field "header" (there is metadata, client_certificate)',
    ],
    [{ ...known, lst: [] }, 'tenants.lst: there is no field "lst"; did you mean "list"?'],
    [{ ...known, list: {} }, "tenants.list: it must be a list, received an object"],
    [{ ...known, list: [{ id: 7 }] }, "tenants.list[0].id: it must be a text (in quotes), received 7"],
    [{ ...known, list: [{ labels: {} }] }, 'tenants.list[0].id: id must not be empty, received ""'],
    [
      { ...known, list: [{ id: "a" }, { id: "b" }, { id: "a" }] },
      'tenants.list[2].id: id must be given once, received "a" as in list[0]',
    ],
    [
      { ...known, list: [{ id: "a", labels: { plan: 1 } }] },
      "tenants.list[0].labels.plan: it must be a text (in quotes), received 1",
    ],
    [
      { ...known, list: Array.from({ length: MAX_TENANTS + 1 }, (_, index) => ({ id: `t${index}` })) },
      "tenants.list: it must have at most 10000 tenants, received 10001",
    ],
  ])("refuses %j", (tenants, fault) => {
    expect(faultsOf({ tenants })).toBe(fault);
  });
});

describe("tenant_rules of readPolicyConfig()", () => {
  const by = "it cannot be by tenant, because";

  test.each<[unknown, string]>([
    [{}, ": it must be a list of rules, received an object"],
    [[7], "[0]: it must have fields, such as labels, received 7"],
    [[{}], "[0].labels: it must name at least one label, such as { plan: gold }, received none"],
    [[{ labels: {} }], "[0].labels: it must name at least one label, such as { plan: gold }, received none"],
    [[{ labels: "gold" }], '[0].labels: it must be names with their texts, received "gold"'],
    [
      [{ labels: { plan: "glod" } }],
      "[0].labels: no tenant has plan=glod (there is plan=gold); give it to a tenant, or remove the rule",
    ],
    [
      [{ labels: { plan: "silver", region: "eu" } }],
      "[0].labels: no tenant has plan=silver, region=eu; give it to a tenant, or remove the rule",
    ],
    [[{ labels: gold, label: {} }], '[0].label: there is no field "label" (there is balance, defaults, skip, '],
    [[{ labels: gold, skip: true }], "[0].skip: it says nothing here, because the code is generated; remove it"],
    [
      [{ labels: gold, outlier_detection: {} }],
      `[0].outlier_detection: ${by} an instance is in rotation for all callers or for none; say it of the service`,
    ],
    [
      [{ labels: gold, retryThrottling: {} }],
      `[0].retryThrottling: ${by} its tokens are those of all callers; say it of the service`,
    ],
    [
      [{ labels: gold, retry_budget: {} }],
      `[0].retry_budget: ${by} it is a share of the calls of all; say it of the service`,
    ],
    [
      [{ labels: gold, circuit_breaker: {} }],
      `[0].circuit_breaker: ${by} it judges the service as a whole; say it of the service`,
    ],
    [
      [{ labels: gold, admission_control: {} }],
      `[0].admission_control: ${by} it judges the service as a whole; say it of the service`,
    ],
    [
      [{ labels: gold, concurrency_limit: {} }],
      `[0].concurrency_limit: ${by} it counts the calls of all; say it in defaults or of a method, where it counts those that go by this rule`,
    ],
    [
      [{ labels: gold, defaults: { circuitBreaker: {} } }],
      `[0].defaults.circuitBreaker: ${by} a method that fails on an instance fails there for all; say it of the service or its methods`,
    ],
    [
      [{ labels: gold, methods: { GetBook: { circuit_breaker: {} } } }],
      `[0].methods.GetBook.circuit_breaker: ${by} a method that fails on an instance fails there for all; say it of the service or its methods`,
    ],
    [
      [{ labels: gold, balance: { random: {}, slow_start: {} } }],
      `[0].balance.slow_start: ${by} it is an instance's own weight that grows; say it in the balance of the service`,
    ],
    [
      [{ labels: gold, methods: { GetBook: { balance: { random: {}, slowStart: {} } } } }],
      `[0].methods.GetBook.balance.slowStart: ${by} it is an instance's own weight that grows; say it in the balance of the service`,
    ],
    [
      [{ labels: gold, defaults: { balance: { random: {}, slowStart: {} } } }],
      `[0].defaults.balance.slowStart: ${by} it is an instance's own weight that grows; say it in the balance of the service`,
    ],
    [[{ labels: gold, defaults: 7 }], "[0].defaults: it must have fields, such as {}, received 7"],
    [[{ labels: gold, methods: [] }], "[0].methods: it must have methods by name, received a list"],
    [
      [{ labels: gold, methods: { GetBok: {} } }],
      '[0].methods.GetBok: acme.v1.Library has no method "GetBok"; did you mean "GetBook"?',
    ],
    [
      [{ labels: gold }, { labels: gold, methods: { GetBook: { retry: { max_attempts: 9 } } } }],
      "[1].methods.GetBook.retry.max_attempts: max_attempts must be 2 to 5, received 9",
    ],
    [
      [{ labels: gold, methods: { LendBook: { hedging: { max_attempts: 2 } } } }],
      "[0].methods.LendBook.hedging: its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run",
    ],
    [
      [{ labels: gold, defaults: { fallback: { service: "acme.v1.Archiv" } }, methods: { GetBook: {} } }],
      '[0].defaults.fallback.service: there is no service "acme.v1.Archiv"; did you mean "acme.v1.Archive"? (for GetBook)',
    ],
  ])("refuses %j", (rules, fault) => {
    expect(faultsOf(withRules(rules)).startsWith(`${at}.tenant_rules${fault}`), faultsOf(withRules(rules))).toBe(true);
  });

  test("without tenants, and under both of their names, are refused", () => {
    const rules = [{ labels: gold, defaults: { timeout: "1s" } }];
    expect(faultsOf({ services: { [name]: { tenant_rules: rules } } })).toBe(
      `${at}.tenant_rules: there must be tenants at the top of the file, by whose labels rules go`,
    );
    expect(faultsOf({ tenants: known, services: { [name]: { tenant_rules: rules, tenantRules: rules } } })).toBe(
      `${at}.tenantRules: it is there twice, as tenant_rules and as tenantRules`,
    );
  });

  test("that tenants match in too many ways are refused", () => {
    const list = Array.from({ length: 2 ** 7 }, (_, index) => {
      const labels = Array.from({ length: 7 }, (_none, bit) => [`b${bit}`, (index >> bit) % 2 === 1 ? "yes" : "no"]);
      return { id: `t${index}`, labels: Object.fromEntries(labels) };
    });
    const rules = Array.from({ length: 7 }, (_, bit) => ({ labels: { [`b${bit}`]: "yes" } }));
    expect(faultsOf(withRules(rules, { ...known, list }))).toBe(
      `${at}.tenant_rules: tenants must match its rules in at most ${MAX_TENANT_CLASSES} different ways, received 127; use fewer labels`,
    );
    expect(faultsOf(withRules(rules.slice(1), { ...known, list }))).toBe("");
  });
});
