// SPDX-License-Identifier: Apache-2.0
// A real Prometheus scrapes a router that has had calls: every metric that dashboards and rules name is there, and every
// query of theirs can be asked.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AdminServer,
  createMetricsPage,
  metricDefinitions,
  prometheusSample,
  serveAdmin,
} from "@grpc-router/node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { InProcess } from "../harness/in-process.ts";
import { freePort } from "../harness/ports.ts";
import { type Running, startProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { metricsIn, panelQueries, rulesFile, rulesTestFile, variableQueries, withVariables } from "./dashboards.ts";
import { certificateMs, goodCalls, startWithTraffic } from "./traffic.ts";

const missing = missingTool("prometheus") ?? missingTool("promtool");
if (missing !== undefined) console.warn(`skipped: ${missing}`);

interface Rule {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
}

describe.skipIf(missing !== undefined)("Prometheus", () => {
  let router: InProcess;
  let admin: AdminServer;
  let prometheus: Running;
  let folder: string;
  let url: string;

  /** What its API answers. */
  async function ask<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== "success") throw new Error(`${path} ${JSON.stringify(query)}: ${answer.error}`);
    return answer.data;
  }

  const value = async (query: string): Promise<number> => {
    const { result } = await ask<{ result: { value: [number, string] }[] }>("query", { query });
    return Number(result[0]?.value[1]);
  };

  beforeAll(async () => {
    router = await startWithTraffic();
    admin = await serveAdmin(router.server, { port: 0, pages: [createMetricsPage(router.server)] });
    folder = mkdtempSync(join(tmpdir(), "grpc-router-prometheus-"));
    const config = {
      global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "200ms" },
      rule_files: [rulesFile],
      scrape_configs: [{ job_name: "grpc-router", static_configs: [{ targets: [`127.0.0.1:${admin.address.port}`] }] }],
    };
    // JSON is YAML.
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    prometheus = await startProcess(requireTool("prometheus"), {
      cwd: folder,
      args: ["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=127.0.0.1:${port}`],
      ready: /Server is ready to receive web requests/,
    });
    // Rules that read what others record need a second look.
    const deadline = Date.now() + 20_000;
    for (;;) {
      const count = await value('sum_over_time(up{job="grpc-router"}[1m])');
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>("rules");
      const isOver =
        groups.length > 0 && groups.every(({ rules }) => rules.every(({ health }) => health !== "unknown"));
      if (count >= 2 && isOver) break;
      if (Date.now() > deadline)
        throw new Error(`Prometheus has not scraped the router: ${prometheus.output.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  afterAll(async () => {
    await prometheus?.stop();
    await admin?.close();
    await router?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  test("scrapes it, and takes all it is told", async () => {
    // A scrape may have had no processor in time; the next one has.
    await vi.waitFor(
      async () => {
        const { activeTargets } = await ask<{ activeTargets: { health: string; lastError: string }[] }>("targets");
        expect(activeTargets).toMatchObject([{ health: "up", lastError: "" }]);
      },
      { timeout: 10_000 },
    );
    const labels = '{grpc_method="grpc.testing.TestService/UnaryCall", grpc_status="OK", job="grpc-router"}';
    expect(await value(`grpc_server_call_duration_seconds_count${labels}`)).toBe(goodCalls);
    expect(await value(`grpc_server_call_duration_seconds_bucket{le="+Inf", ${labels.slice(1)}`)).toBe(goodCalls);
    expect(
      await value(`grpcrouter_calls_total{grpcrouter_instance_version="two \\"quoted\\"", ${labels.slice(1)}`),
    ).toBe(goodCalls);
    expect(await value('grpc_server_call_started_total{grpc_method="other"}')).toBe(1);
    expect(await value("grpcrouter_retries_total")).toBe(1);
    const own =
      'grpcrouter_certificate_expiry_timestamp_seconds{grpcrouter_listener="registration", grpcrouter_certificate="certificate"}';
    expect(Math.round(await value(`(${own} - time()) * 1000 / ${certificateMs}`))).toBe(1);
  });

  test("knows every metric of docs/metrics.md", async () => {
    const names = await ask<string[]>("label/__name__/values");
    const expected = metricDefinitions.map((definition) => {
      return definition.type === "histogram" ? `${prometheusSample(definition)}_bucket` : prometheusSample(definition);
    });
    expect(expected.filter((name) => !names.includes(name))).toEqual([]);
  });

  test("answers every query of the dashboards, whose metrics are all there", async () => {
    const names = await ask<string[]>("label/__name__/values");
    expect(panelQueries.length).toBeGreaterThan(50);
    for (const { where, expr } of [...panelQueries, ...variableQueries]) {
      const metrics = metricsIn(expr);
      expect([where, metrics.length > 0, metrics.filter((name) => !names.includes(name))]).toEqual([where, true, []]);
      await ask("query", { query: withVariables(expr) });
    }
  });

  test("finds what variables offer", async () => {
    for (const { where, expr } of variableQueries) {
      const { result } = await ask<{ result: unknown[] }>("query", { query: withVariables(expr) });
      expect([where, result.length > 0]).toEqual([where, true]);
    }
  });

  test("evaluates every rule, whose metrics are all there, and none fires", async () => {
    const names = await ask<string[]>("label/__name__/values");
    const { groups } = await ask<{ groups: { rules: Rule[] }[] }>("rules");
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    for (const { name, query, health, lastError = "" } of rules) {
      expect([name, health, lastError]).toEqual([name, "ok", ""]);
      expect([name, metricsIn(query).filter((metric) => !names.includes(metric))]).toEqual([name, []]);
    }
    const { alerts } = await ask<{ alerts: { state: string; labels: { alertname: string } }[] }>("alerts");
    expect(alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname)).toEqual([]);
  });

  test("alerts fire when they should", () => {
    const answer = execFileSync(requireTool("promtool"), ["test", "rules", rulesTestFile], { stdio: "pipe" });
    expect(String(answer)).toContain("SUCCESS");
  });

  test("promtool has nothing against rules and metrics", async () => {
    const promtool = requireTool("promtool");
    expect(String(execFileSync(promtool, ["check", "rules", rulesFile]))).toContain("SUCCESS");
    const text = await (await fetch(`${admin.url}/metrics`)).text();
    expect(String(execFileSync(promtool, ["check", "metrics"], { input: text, stdio: "pipe" }))).toBe("");
  });
});
