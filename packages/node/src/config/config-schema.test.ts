// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form of variables

import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createConfigDefaults } from "./config-defaults.js";
import { createConfigSchema } from "./config-schema.js";

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(createConfigSchema());

function errorsOf(text: string): string[] {
  validate(parse(text));
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

describe("createConfigSchema()", () => {
  it.each([
    ["nothing", "{}"],
    ["all defaults", createConfigDefaults()],
    ["enums in both cases", "observability: { log: { level: DEBUG } }\n"],
    [
      "variables",
      'observability: { log: { level: "${LEVEL}" } }\ncalls: { max_open_calls: "${OPEN:-5}" }\ndrain: { grace: "${GRACE}" }',
    ],
    [
      "policies of services",
      "policies: { services: { a.B: { balance: { peak_ewma: {} }, retry_budget: { share: 0.5 }, methods: { Get: { timeout: 2s, retry: { retryable_status_codes: [unavailable] } } } } } }",
    ],
    [
      "policies by tenant",
      "policies: { tenants: { identified_by: { metadata: x-tenant-id }, list: [{ id: a, labels: { plan: gold } }] }, services: { a.B: { tenant_rules: [{ labels: { plan: gold }, balance: { random: {} }, defaults: { timeout: 2s }, methods: { Get: { priority: high } } }] } } }",
    ],
    [
      "credentials",
      "instances: { credentials: [{ name: a, services: ['*'], tokens: [{ file: x }, { env: Y }], certificates: [b] }] }",
    ],
  ])("takes %s", (_, text) => {
    expect(errorsOf(text)).toEqual([]);
  });

  it.each([
    ["conections: {}", " additionalProperties"],
    ["drain: { grace: 5 }", "/drain/grace type"],
    ["drain: { grace: 5m }", "/drain/grace pattern"],
    ["calls: { max_open_calls: 0 }", "/calls/max_open_calls minimum"],
    ["calls: { max_open_calls: '7' }", "/calls/max_open_calls type"],
    ["observability: { log: { level: loud } }", "/observability/log/level enum"],
    ["instances: { routers: [ftp://x] }", "/instances/routers/0 pattern"],
    ["instances: { credentials: [{ name: a, services: [] }] }", "/instances/credentials/0/services minItems"],
    ["services: { modules: [a, a] }", "/services/modules uniqueItems"],
    ["policies: { services: { a.B: { options: {} } } }", "/policies/services/a.B additionalProperties"],
    [
      "policies: { services: { a.B: { tenant_rules: [{ label: {} }] } } }",
      "/policies/services/a.B/tenant_rules/0 additionalProperties",
    ],
    [
      "policies: { services: { a.B: { methods: { Get: { timout: 2s } } } } }",
      "/policies/services/a.B/methods/Get additionalProperties",
    ],
  ])("refuses %s", (text, error) => {
    expect(errorsOf(text)).toContain(error);
  });

  it("describes fields in the words of the .proto", () => {
    expect(JSON.stringify(createConfigSchema())).toContain("Time that calls get to end on SIGTERM");
  });
});
