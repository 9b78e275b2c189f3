// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo, type TestIo } from "../test-io.suite.js";

const modules = fileURLToPath(new URL("../module/note-modules.suite.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "grpc-router-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

const running: { readonly io: TestIo; readonly done: Promise<number> }[] = [];
afterEach(async () => {
  for (const { io, done } of running.splice(0).reverse()) {
    io.interrupt();
    await done;
  }
});

async function check(...flags: readonly string[]) {
  const io = createTestIo({ folder, env: {} });
  return { code: await run(["check", "--module", modules, ...flags], io), ...io.text };
}

function write(name: string, value: unknown): string {
  writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return name;
}

const policies = {
  services: {
    "test.v1.NoteService": {
      balance: { peak_ewma: {} },
      retry_budget: { share: 0.1 },
      methods: { Get: { timeout: "2s", retry: { max_attempts: 3 } } },
    },
  },
};

describe("grpc-router check", () => {
  it("says ok of policies that fit the services", async () => {
    expect(await check()).toEqual({ code: 0, out: "ok: 1 service\n", err: "" });
    expect(await check("--policies", write("policies.json", policies))).toMatchObject({ code: 0, err: "" });
  });

  it("--explain shows what counts for a method, and who said it", async () => {
    const config = write("service-config.json", {
      methodConfig: [{ name: [{ service: "test.v1.NoteService" }], timeout: "9s", waitForReady: true }],
    });
    const flags = ["--policies", write("policies.json", policies), "--service-config", config];
    const { out } = await check(...flags, "--explain", "test.v1.NoteService/Get");
    expect(out).toBe(
      [
        "POLICY        VALUE              SAID BY",
        "timeoutMs     2000               configuration for the method",
        'retry         {"maxAttempts":3}  configuration for the method',
        'balance       {"peakEwma":{}}    configuration for the service',
        "waitForReady  true               service config for the method",
        "",
      ].join("\n"),
    );
    const service = await check(...flags, "--explain", "test.v1.NoteService", "-o", "json");
    expect(JSON.parse(service.out)).toEqual([
      { name: "retryBudget", value: { share: 0.1 }, source: "configuration for the service" },
    ]);
    expect((await check("--explain", "test.v1.NoteService/Chat")).out).toContain("the defaults count");
  });

  it("tells every mistake with its line and column, and fails", async () => {
    const wrong = write(
      "wrong.json",
      '{ "services": {\n  "test.v1.NoteService": {\n    "methods": { "Gett": {}, "Get": { "retry": { "max_attempts": 9 } } }\n  }\n} }',
    );
    const { code, err } = await check("--policies", wrong);
    expect(code).toBe(1);
    expect(err).toMatch(/wrong\.json:3:\d+: .*Gett/);
    expect(err).toMatch(/wrong\.json:3:\d+: .*max_attempts must be 2 to 5, received 9/);
  });

  it("reads YAML, too", async () => {
    const file = write(
      "policies.yaml",
      "services:\n  test.v1.NoteService:\n    methods:\n      Get: { timeout: 3s }\n",
    );
    expect((await check("--policies", file, "--explain", "test.v1.NoteService/Get")).out).toContain("timeoutMs  3000");
    const wrong = write("wrong.yaml", "services:\n  test.v1.NoteService:\n    methods:\n      Gett: {}\n");
    expect((await check("--policies", wrong)).err).toMatch(/wrong\.yaml:4:7: .*Gett/);
  });

  it("--tenant shows what counts for the calls of a tenant, and which rules said it", async () => {
    const [[service, said]] = Object.entries(policies.services) as [[string, object]];
    const rules = [
      { labels: { plan: "gold" }, defaults: { timeout: "9s", priority: "high" } },
      { labels: { region: "eu" }, methods: { Get: { timeout: "5s" } } },
    ];
    const list = [
      { id: "acme", labels: { plan: "gold", region: "eu" } },
      { id: "beta", labels: { plan: "silver" } },
    ];
    const tenants = { identified_by: { metadata: "x-tenant-id" }, list };
    const file = write("tenants.json", { tenants, services: { [service]: { ...said, tenant_rules: rules } } });
    const explained = (...flags: readonly string[]) =>
      check("--policies", file, "--explain", "test.v1.NoteService/Get", ...flags);
    expect((await explained("--tenant", "acme")).out).toBe(
      [
        "POLICY     VALUE              SAID BY",
        "timeoutMs  5000               configuration for the method, tenants with region=eu",
        'retry      {"maxAttempts":3}  configuration for the method',
        'balance    {"peakEwma":{}}    configuration for the service',
        "priority   high               configuration for the service, tenants with plan=gold",
        "",
      ].join("\n"),
    );
    const plain = await explained();
    expect(plain.out).toContain("timeoutMs  2000");
    expect(await explained("--tenant", "beta")).toEqual(plain);
    expect(await explained("--tenant", "gamma")).toMatchObject({
      code: 2,
      err: expect.stringContaining("the tenant must be one of --policies (acme, beta), received gamma"),
    });
    const service2 = await check("--policies", file, "--explain", service, "--tenant", "acme");
    expect([service2.code, service2.err]).toEqual([2, expect.stringContaining("with --tenant it must be a method")]);
  });

  it("tells the place of a rule by tenant that does nothing", async () => {
    const file = write(
      "rules.yaml",
      [
        "tenants:",
        "  identified_by: { metadata: x-tenant-id }",
        "  list:",
        "    - { id: acme, labels: { plan: gold } }",
        "services:",
        "  test.v1.NoteService:",
        "    tenant_rules:",
        "      - labels: { plan: glod }",
        "        retry_budget: { share: 0.1 }",
        "",
      ].join("\n"),
    );
    const { code, err } = await check("--policies", file);
    expect(code).toBe(1);
    expect(err).toMatch(/rules\.yaml:8:9: .*no tenant has plan=glod \(there is plan=gold\)/);
    expect(err).toMatch(/rules\.yaml:9:9: .*it cannot be by tenant, because it is a share of the calls of all/);
  });

  it("refuses a fallback that is not routed", async () => {
    const fallback = {
      services: { "test.v1.NoteService": { methods: { Get: { fallback: { service: "test.v1.Other" } } } } },
    };
    const { code, err } = await check("--policies", write("fallback.json", fallback));
    expect([code, err]).toEqual([1, expect.stringContaining('there is no service "test.v1.Other"')]);
  });

  it.each([
    [["--explain", "test.v1.Other/Get"], "the service must be one of test.v1.NoteService, received test.v1.Other"],
    [["--tenant", "acme"], "--explain must be there, too"],
    [
      ["--explain", "test.v1.NoteService/Get", "--tenant", "acme"],
      "the tenant must be one of --policies (there are none with rules), received acme",
    ],
    [["--explain", "test.v1.NoteService/Got"], "the method must be one of get, watch, count, chat, received Got"],
  ])("%j is refused", async (flags, problem) => {
    const { code, err } = await check(...flags);
    expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
  });

  it("serve goes by the same files", async () => {
    const io = createTestIo({ folder, env: {} });
    const flags = [
      "--module",
      modules,
      "--listen",
      "127.0.0.1:0",
      "--no-admin",
      "--policies",
      write("wrong.json", "{"),
    ];
    expect(await run(["serve", ...flags], io)).toBe(1);
    expect(io.text.err).toContain("wrong.json:1:");
    const good = createTestIo({ folder, env: {} });
    const done = run(["serve", ...flags.slice(0, -1), write("policies.json", policies)], good);
    running.push({ io: good, done });
    await good.until(/^ready (.*) pid \d+$/m);
  });
});
