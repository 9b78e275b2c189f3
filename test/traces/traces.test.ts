// SPDX-License-Identifier: Apache-2.0
// Spans and lines of `grpc-router serve`, as a collector that decodes OTLP by its own protos and readers of files get them.
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServeProcess } from "../harness/serve-command.ts";
import { missingTool } from "../harness/tools.ts";
import { type Collector, type ReceivedSpan, startCollector } from "./collector.ts";
import { createFolder, createParent, startClient, startInstances, startRouter } from "./rig.ts";

const missing = missingTool("grpc-python");
const secret = "Bearer geheim-0123456789";
const method = "grpc.testing.TestService.UnaryCall";

describe.skipIf(missing !== undefined)(`serve${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  const folder = createFolder();
  const file = join(folder, "access.log");
  let collector: Collector;
  let router: ServeProcess;
  let instances: Awaited<ReturnType<typeof startInstances>>;
  let client: ReturnType<typeof startClient>;
  let calls = 0;

  beforeAll(async () => {
    collector = await startCollector();
    router = await startRouter(["--trace-ratio", "0.5", "--access-log", file, "--log-format", "json"], {
      folder,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_TIMEOUT: "300",
        OTEL_METRICS_EXPORTER: "none",
        OTEL_BSP_SCHEDULE_DELAY: "50",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      },
    });
    instances = await startInstances(router.address);
    client = startClient(router.address);
  });
  afterAll(async () => {
    client?.close();
    instances?.close();
    await Promise.all([router?.stop(), collector?.stop()]);
    rmSync(folder, { recursive: true });
  });

  async function call(fields: Parameters<typeof client.unary>[0]): Promise<number> {
    calls++;
    return await client.unary(fields);
  }

  /** All spans of a trace, once its call's is there, which ends last: that one, then those in it as they began, or ended. */
  async function spansOf(traceId: string): Promise<readonly ReceivedSpan[]> {
    const of = () => collector.spans.filter((span) => span.traceId === traceId);
    await expect.poll(() => of().some(({ kind }) => kind === "SERVER"), { timeout: 5_000 }).toBe(true);
    const rank = ({ kind }: ReceivedSpan) => (kind === "SERVER" ? 0 : 1);
    return of().toSorted((a, b) => rank(a) - rank(b) || Number(a.startNanos - b.startNanos));
  }

  test("spans of a call join those of its client and of its instance", async () => {
    const parent = createParent();
    const { traceId, spanId, traceparent } = parent;
    expect(await call({ traceparent, tracestate: "vendor=1", authorization: secret, "x-test": "join" })).toBe(0);
    const spans = await spansOf(traceId);
    expect(spans.map(({ name, kind, status }) => [name, kind, status])).toEqual([
      [`Recv.${method}`, "SERVER", "UNSET"],
      [`Attempt.${method}`, "CLIENT", "UNSET"],
    ]);
    const [whole, attempt] = spans;
    if (whole === undefined || attempt === undefined) return;
    expect([whole.parentSpanId, whole.traceState, attempt.parentSpanId]).toEqual([spanId, "vendor=1", whole.spanId]);
    const got = instances.got.find((one) => one.test === "join");
    expect(got).toMatchObject({ traceparent: `00-${traceId}-${attempt.spanId}-01`, tracestate: "vendor=1" });
    expect(got?.binary).toBeUndefined();
    const common = { "rpc.system.name": "grpc", "rpc.method": "grpc.testing.TestService/UnaryCall" };
    const ok = { "rpc.response.status_code": "OK" };
    const port = expect.stringMatching(/^\d+$/);
    expect(whole.attributes).toEqual({
      ...{ ...common, ...ok, "client.address": "127.0.0.1", "client.port": port, "grpcrouter.attempts": "1" },
    });
    expect(attempt.attributes).toEqual({
      ...{ ...common, ...ok, "server.address": "127.0.0.1", "server.port": port },
      ...{ "grpcrouter.instance": got?.instance, "previous-rpc-attempts": "0", "transparent-retry": false },
    });
    expect(whole.startNanos <= attempt.startNanos && attempt.endNanos <= whole.endNanos).toBe(true);
    expect(Math.abs(Number(whole.endNanos / 1_000_000n) - Date.now())).toBeLessThan(10_000);
    expect(collector.resource).toMatchObject({
      ...{ "service.name": "grpc-router", "deployment.environment.name": "test" },
    });
    expect([...collector.requests]).toEqual(["/v1/traces application/x-protobuf"]);
  });

  test("who speaks grpc-trace-bin gets both forms", async () => {
    const { traceId, spanId, binary } = createParent();
    expect(await call({ "grpc-trace-bin": binary, "x-test": "binary" })).toBe(0);
    const [whole, attempt] = await spansOf(traceId);
    expect(whole?.parentSpanId).toBe(spanId);
    const got = instances.got.find((one) => one.test === "binary");
    expect(got?.binary?.toString("hex")).toBe(`0000${traceId}01${attempt?.spanId}0201`);
    expect(got?.traceparent).toBe(`00-${traceId}-${attempt?.spanId}-01`);
  });

  test("each attempt of a call that is tried again has a span, and the instance the one of its own", async () => {
    const { traceId, traceparent } = createParent();
    expect(await call({ traceparent, "x-test": "fail-2" })).toBe(0);
    const [whole, ...attempts] = (await spansOf(traceId)).filter(({ name }) => name !== "Queue");
    const shown = attempts.map(({ status, attributes }) => [
      status,
      attributes["previous-rpc-attempts"],
      attributes["rpc.response.status_code"],
    ]);
    expect(shown).toEqual([
      ["ERROR", "0", "UNAVAILABLE"],
      ["ERROR", "1", "UNAVAILABLE"],
      ["UNSET", "2", "OK"],
    ]);
    expect(whole?.attributes["grpcrouter.attempts"]).toBe("3");
    const got = instances.got.filter((one) => one.test === "fail-2");
    expect(got.map((one) => one.traceparent)).toEqual(attempts.map(({ spanId }) => `00-${traceId}-${spanId}-01`));
    expect(got.map((one) => one.instance)).toEqual(attempts.map(({ attributes }) => attributes["grpcrouter.instance"]));
  });

  test("the time that a call waits for an instance has a span", async () => {
    const blocking = [call({ "x-test": "hold" }), call({ "x-test": "hold" })];
    await expect.poll(() => instances.held.length).toBe(2);
    const { traceId, traceparent } = createParent();
    const waiting = call({ traceparent });
    // The router answers in order: once this one is refused, that one waits.
    calls++;
    expect(await client.unary({ "grpc-timeout": "1n", "x-test": "late" })).toBe(4);
    instances.release();
    expect(await Promise.all([...blocking, waiting])).toEqual([0, 0, 0]);
    const [whole, queue, attempt] = await spansOf(traceId);
    expect([queue?.name, queue?.kind, queue?.parentSpanId]).toEqual(["Queue", "INTERNAL", whole?.spanId]);
    expect(queue?.endNanos).toBe(attempt?.startNanos);
  });

  test("a context that is not sampled passes as it came, and makes no span", async () => {
    const { traceId, traceparent } = createParent(false);
    expect(await call({ traceparent, "x-test": "unsampled" })).toBe(0);
    expect(instances.got.find((one) => one.test === "unsampled")?.traceparent).toBe(traceparent);
    const next = createParent();
    await call({ traceparent: next.traceparent });
    await spansOf(next.traceId);
    expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
  });

  test("of calls whose clients do not say a share is traced", async () => {
    for (let count = 0; count < 40; count++) await call({ "x-test": "share" });
    const traced = instances.got.filter((one) => one.test === "share" && one.traceparent !== null);
    // The share is a half: outside of this it is once in five million runs.
    expect(traced.length).toBeGreaterThan(4);
    expect(traced.length).toBeLessThan(36);
    const [whole] = await spansOf(traced[0]?.traceparent?.slice(3, 35) ?? "");
    expect(whole?.parentSpanId).toBe("");
  });

  test("a collector that is gone harms no call, and an access log that is moved away loses no line", async () => {
    await collector.stop();
    for (let round = 1; round <= 3; round++) {
      const some = Array.from({ length: 50 }, () => call({ traceparent: createParent().traceparent }));
      renameSync(file, `${file}.${round}`);
      router.kill("SIGHUP");
      expect(await Promise.all(some)).toEqual(Array.from({ length: 50 }, () => 0));
      // The file is there again once the signal has come.
      await expect.poll(() => existsSync(file), { timeout: 5_000 }).toBe(true);
    }
    await router.untilLine(/otlp_failed/);
    router.kill("SIGTERM");
    expect(await router.exited).toBe(0);
    const all = [file, `${file}.1`, `${file}.2`, `${file}.3`].flatMap(lines);
    expect(all.length).toBe(calls);
    const first = all.map((line) => JSON.parse(line)).find(({ attempts }) => attempts === 3);
    expect(first).toMatchObject({
      method: "grpc.testing.TestService/UnaryCall",
      status: "OK",
      instance: expect.any(String),
    });
    expect(all.filter((line) => JSON.parse(line).status === "DEADLINE_EXCEEDED").length).toBe(1);
    const events = router.output.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    expect(events.length).toBeGreaterThan(3);
    for (const event of events) {
      expect(event).toMatchObject({
        level: expect.any(String),
        module: expect.any(String),
        message: expect.any(String),
      });
      expect(new Date(event.time).toISOString()).toBe(event.time);
    }
    expect([...all, ...router.output].filter((line) => line.includes("geheim"))).toEqual([]);
  });

  test("an access log on standard output is of words, if one likes, and outlives SIGHUP", async () => {
    const args = ["--access-log", "-", "--access-log-format", "text"];
    const other = await startRouter(args, { folder });
    const caller = startClient(other.address);
    try {
      other.kill("SIGHUP");
      expect(await caller.unary({ authorization: secret })).toBe(14);
      const line = await other.untilLine(/^\d{4}-\S+ grpc\.testing/);
      expect(line).toMatch(
        /^\S+Z grpc\.testing\.TestService\/UnaryCall UNAVAILABLE reason=NO_INSTANCE [\d.]+ms peer=127\.0\.0\.1:\d+ attempts=0 requestBytes=0 replyBytes=0$/,
      );
      expect(other.output.join("\n")).not.toContain("geheim");
    } finally {
      caller.close();
      await other.stop();
    }
  });
});

/** None of a file that is not there. */
function lines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}
