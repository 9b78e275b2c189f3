// SPDX-License-Identifier: Apache-2.0
// A router's metrics by OTLP, as a collector gets them: protobuf over HTTP, histograms exponential.
import { type ExportMetricsOptions, exportMetrics, metricDefinitions } from "@grpc-router/node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLog, type InProcess } from "../harness/in-process.ts";
import { type OtlpExport, startOtlpReceiver } from "./otlp-receiver.ts";
import { bodyBytes, goodCalls, startWithTraffic } from "./traffic.ts";

const unaryCall = "grpc.testing.TestService/UnaryCall";

describe("exportMetrics()", () => {
  let router: InProcess;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    router = await startWithTraffic();
  });
  afterEach(async () => {
    // What sends first, or it would try to for a while.
    for (const it of open.splice(0).reverse()) await it.close();
  });
  afterAll(() => router.stop());

  /** A collector, and a router's metrics on their way there. */
  async function start(options: ExportMetricsOptions = {}, status?: () => number) {
    const receiver = await startOtlpReceiver(status);
    const log = createLog();
    const sent = await exportMetrics(router.server, { env: {}, logger: log, endpoint: receiver.url, ...options });
    if (sent === undefined) throw new Error("nothing is sent");
    open.push(receiver, { close: () => sent.stop() });
    return { receiver, sent, log };
  }

  function find({ metrics }: OtlpExport, name: string) {
    const metric = metrics.find((candidate) => candidate.name === name);
    if (metric === undefined)
      throw new Error(`Cannot find ${name} among ${metrics.map(({ name }) => name).join(", ")}`);
    return metric;
  }

  test("sends every metric, with its unit and kind", async () => {
    const { receiver, sent } = await start({ resource: { "deployment.environment.name": "test" } });
    expect(sent.url).toBe(`${receiver.url}/v1/metrics`);
    await sent.flush();
    expect(receiver.exports.length).toBe(1);
    const [received] = receiver.exports;
    if (received === undefined) return;
    expect(received).toMatchObject({ path: "/v1/metrics", scope: "grpc-router" });
    expect(received.headers["content-type"]).toBe("application/x-protobuf");
    expect(received.resource).toMatchObject({ "service.name": "grpc-router", "deployment.environment.name": "test" });
    const kinds = { counter: "sum", gauge: "gauge", histogram: "exponential histogram" } as const;
    for (const { name, type, unit } of metricDefinitions) {
      const { kind, unit: said, temporality, monotonic, points } = find(received, name);
      expect([name, kind, said, points.length > 0]).toEqual([name, kinds[type], unit, true]);
      if (type !== "gauge") expect([name, temporality]).toEqual([name, 2]);
      expect([name, monotonic]).toEqual([name, type === "counter"]);
    }
    const { points } = find(received, "grpcrouter.calls");
    const unary = points.find(
      ({ attributes }) => attributes["grpc.method"] === unaryCall && attributes["grpc.status"] === "OK",
    );
    expect(unary?.attributes["grpcrouter.instance.version"]).toBe('two "quoted"');
    expect(unary?.value).toBe(goodCalls);
    const nowNanos = BigInt(Date.now()) * 1_000_000n;
    expect(unary?.startNanos).toBeGreaterThan(nowNanos - 3_600_000_000_000n);
    expect(unary?.timeNanos).toBeGreaterThan(nowNanos - 60_000_000_000n);
    expect(unary?.timeNanos).toBeLessThanOrEqual(nowNanos + 1_000_000n);
  });

  test("sends histograms whose buckets hold the samples", async () => {
    const { receiver, sent } = await start();
    await sent.flush();
    const [received] = receiver.exports;
    if (received === undefined) throw new Error("nothing came");
    const name = "grpc.server.call.sent_total_compressed_message_size";
    const { points } = find(received, name);
    const { histogram } = points.find(({ attributes }) => attributes["grpc.method"] === unaryCall) ?? {};
    if (histogram === undefined) throw new Error(`Cannot find the histogram of ${name}`);
    const { count, sum, scale, offset, buckets } = histogram;
    expect([count, scale]).toEqual([goodCalls, 1]);
    // The payload, and a few bytes around it.
    expect(sum / goodCalls).toBeGreaterThan(bodyBytes);
    expect(sum / goodCalls).toBeLessThan(bodyBytes + 10);
    // Trailing zeros may follow; the one bucket is the one that 5,000 is in.
    expect(buckets.filter((bucket) => bucket > 0)).toEqual([goodCalls]);
    const index = offset + buckets.indexOf(goodCalls);
    expect(2 ** (index / 2)).toBeLessThan(bodyBytes);
    expect(2 ** ((index + 1) / 2)).toBeGreaterThan(bodyBytes);
  });

  test("sends again after the interval, and a last time when it stops", async () => {
    const { receiver, sent } = await start({ intervalMs: 50 });
    const deadline = Date.now() + 5_000;
    while (receiver.exports.length < 2 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(receiver.exports.length).toBeGreaterThanOrEqual(2);
    const before = receiver.exports.length;
    await sent.stop();
    expect(receiver.exports.length).toBeGreaterThan(before);
    open.pop(); // it is stopped
  });

  test("says that the collector takes nothing, once", async () => {
    const { sent, log, receiver } = await start({}, () => 400);
    await sent.flush();
    await sent.flush();
    const warnings = log.lines.filter(({ level }) => level === "warn");
    expect(warnings).toMatchObject([{ event: "otlp_failed", fields: { url: `${receiver.url}/v1/metrics` } }]);
    expect(warnings[0]?.message).toContain(`Cannot send metrics to ${receiver.url}/v1/metrics: `);
  });

  test("without an endpoint sends nothing", async () => {
    expect(await exportMetrics(router.server, { env: {} })).toBeUndefined();
  });
});
