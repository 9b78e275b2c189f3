// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { waitForReadyName } from "../forward/request-metadata.js";
import { maxLabelledSeries } from "../limits.js";
import type { ServiceSettings } from "../registry/settings.js";
import { PolicyScene } from "../test-kit/policy-scene.suite.js";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes } from "../test-kit/text.suite.js";
import { CallSample } from "./call-sample.js";
import type { CallSeries } from "./call-series.js";
import { otherLabelSet } from "./label-sets.js";
import { MethodMetrics, ServiceMetrics, statusCount } from "./method-metrics.js";
import type { HistogramSnapshot, MetricPoint } from "./metric-definition.js";

const get = "acme.test.v1.TestService/Get";
const readMethod = "acme.test.v1.TestService/Read";
const target = "grpcrouter:///acme.test.v1.TestService";

/** Points of a metric by their labels, those without a sample left out. */
function read({ core }: TestRouter, name: string): Record<string, MetricPoint["value"]> {
  const family = core.metrics().find(({ definition }) => definition.name === name);
  if (family === undefined) throw new Error(`Cannot find the metric ${name}`);
  const isEmpty = (value: MetricPoint["value"]) => (typeof value === "number" ? value : value.count) === 0;
  const points = family.points.filter(({ value }) => !isEmpty(value));
  return Object.fromEntries(points.map(({ labels, value }) => [labels.join(" "), value]));
}

/** Count and sum of its histograms, likewise. */
function sums(router: TestRouter, name: string): Record<string, readonly [count: number, sum: number]> {
  const points = Object.entries(read(router, name)) as [string, HistogramSnapshot][];
  return Object.fromEntries(points.map(([labels, { count, sum }]) => [labels, [count, sum]]));
}

function scene(options: TestRouterOptions = {}) {
  const router = new TestRouter(options);
  const instance = router.instance({ traits: { labels: { version: "2" } } });
  const { client } = router.connect();
  return { router, instance, client };
}

describe("metrics of calls", () => {
  test("tell how long an answered call took, and how much went each way", () => {
    const { router, instance, client } = scene();
    client.unary(pathOf("Get"), bytes("hello"));
    router.run();
    router.scheduler.advance(250);
    instance.reply(1, "Get", bytes("an answer"));
    router.run();
    expect(read(router, "grpc.server.call.started")).toEqual({ [get]: 1 });
    expect(sums(router, "grpc.server.call.duration")).toEqual({ [`${get} OK`]: [1, 0.25] });
    expect(sums(router, "grpc.server.call.rcvd_total_compressed_message_size")).toEqual({ [`${get} OK`]: [1, 5] });
    expect(sums(router, "grpc.server.call.sent_total_compressed_message_size")).toEqual({ [`${get} OK`]: [1, 9] });
    expect(read(router, "grpc.client.attempt.started")).toEqual({ [`${get} ${target}`]: 1 });
    const attempt = { [`${get} ${target} OK`]: [1, 0.25] };
    expect(sums(router, "grpc.client.attempt.duration")).toEqual(attempt);
    const sent = { [`${get} ${target} OK`]: [1, 5] };
    expect(sums(router, "grpc.client.attempt.sent_total_compressed_message_size")).toEqual(sent);
    const received = { [`${get} ${target} OK`]: [1, 9] };
    expect(sums(router, "grpc.client.attempt.rcvd_total_compressed_message_size")).toEqual(received);
    expect(read(router, "grpcrouter.calls")).toEqual({ [`acme.test.v1.TestService ${get} OK`]: 1 });
    expect(read(router, "grpcrouter.queue.duration")).toEqual({});
  });

  test("tell sizes of what comes in fragments and streams", () => {
    const { router, instance, client } = scene();
    const call = client.start(pathOf("Chat"));
    call.send(new Uint8Array(40_000));
    call.send(bytes("abc"));
    call.send(bytes(""), { halfClose: true });
    router.run();
    const data = new Uint8Array(10_000);
    instance.send({ head: { callId: 1n }, fragment: { remaining: 10_000, data } });
    instance.send({ head: { callId: 1n, end: {} }, fragment: { remaining: 0, data } });
    router.run();
    const chat = "acme.test.v1.TestService/Chat OK";
    expect(sums(router, "grpc.server.call.rcvd_total_compressed_message_size")).toEqual({ [chat]: [1, 40_003] });
    expect(sums(router, "grpc.server.call.sent_total_compressed_message_size")).toEqual({ [chat]: [1, 20_000] });
  });

  test.each([
    ["the instance's status", "PERMISSION_DENIED", "PERMISSION_DENIED"],
    ["the client's going", "CANCELLED", "CANCELLED"],
    ["the deadline", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"],
    ["a lost channel", "UNAVAILABLE", "UNAVAILABLE"],
    ["a number that is no status", "UNKNOWN", "UNKNOWN"],
  ] as const)("count %s as %s, once, for call and attempt", (what, callStatus, attemptStatus) => {
    const { router, instance, client } = scene();
    const call = client.unary(pathOf("Get"), bytes("hello"), { timeout: "2S" });
    router.run();
    router.scheduler.advance(1_000);
    if (what === "the instance's status") instance.end(1, { code: 7 });
    else if (what === "a number that is no status") instance.end(1, { code: 99 });
    else if (what === "the client's going") call.cancel();
    else if (what === "a lost channel") instance.peer.duplex.reset();
    else router.scheduler.advance(1_100);
    router.run();
    if (what === "the deadline" || what === "the client's going") instance.end(1, { code: 1 });
    router.run();
    const calls = sums(router, "grpc.server.call.duration");
    expect(Object.keys(calls)).toEqual([`${get} ${callStatus}`]);
    expect(calls[`${get} ${callStatus}`]?.[0]).toBe(1);
    const attempts = sums(router, "grpc.client.attempt.duration");
    expect(Object.keys(attempts)).toEqual([`${get} ${target} ${attemptStatus}`]);
    expect(attempts[`${get} ${target} ${attemptStatus}`]?.[0]).toBe(1);
    expect(router.core.heldCalls).toBe(0);
  });

  test("count what has no instance, and a path that leads nowhere as other", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    client.unary(pathOf("Get"), bytes("hello"));
    client.unary("/nobody.knows.This/Path", bytes("hello"));
    client.unary("/nobody.knows.This/Other", bytes("hello"));
    router.run();
    expect(read(router, "grpc.server.call.started")).toEqual({ [get]: 1, other: 2 });
    const ended = sums(router, "grpc.server.call.duration");
    expect(ended).toEqual({ [`${get} UNAVAILABLE`]: [1, 0], "other UNIMPLEMENTED": [2, 0] });
    expect(read(router, "grpc.client.attempt.started")).toEqual({});
    expect(read(router, "grpcrouter.refusals")).toEqual({ NO_INSTANCE: 1, METHOD_UNKNOWN: 2 });
  });

  test("tell how long calls waited, also in vain", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    const options = { metadata: [[waitForReadyName, "true"]], timeout: "9S" } as const;
    client.unary(pathOf("Get"), bytes("hello"), options);
    client.unary(pathOf("Get"), bytes("hello"), { ...options, timeout: "1S" });
    router.run();
    expect(read(router, "grpcrouter.queue.calls")).toEqual({ "acme.test.v1.TestService": 2 });
    router.scheduler.advance(3_000);
    router.instance();
    router.run();
    const [count = 0, sum = 0] = sums(router, "grpcrouter.queue.duration")["acme.test.v1.TestService"] ?? [];
    expect(count).toBe(2);
    expect(sum).toBeGreaterThanOrEqual(4);
    expect(sum).toBeLessThan(4.1);
    expect(read(router, "grpcrouter.queue.calls")).toEqual({});
    expect(read(router, "grpcrouter.calls.active")).toEqual({ "acme.test.v1.TestService": 1 });
  });

  test("tell attempts apart from calls, and count retries", () => {
    const retry = { maxAttempts: 3, initialBackoffMs: 10, maxBackoffMs: 10, backoffMultiplier: 1 };
    const { router, call, instances } = policies({ retry: { ...retry, retryableStatusCodes: [14] } });
    call();
    instances[0]?.end(1, { code: 14 });
    router.run();
    router.scheduler.advance(40);
    router.run();
    instances[1]?.reply(1, "Read", bytes("answer"));
    router.run();
    expect(read(router, "grpcrouter.calls")).toEqual({ [`acme.test.v1.TestService ${readMethod} OK`]: 1 });
    expect(read(router, "grpc.client.attempt.started")).toEqual({ [`${readMethod} ${target}`]: 2 });
    const byStatus = sums(router, "grpc.client.attempt.duration");
    expect(Object.keys(byStatus)).toEqual([`${readMethod} ${target} OK`, `${readMethod} ${target} UNAVAILABLE`]);
    expect(read(router, "grpcrouter.retries")).toEqual({ "": 1 });
    expect(sums(router, "grpc.client.call.retries")).toEqual({ [`${readMethod} ${target}`]: [1, 1] });
  });

  test("add up calls that are told with their attempts and those that are told apart", () => {
    const { router, instance, client } = scene({ metrics: { instanceLabels: ["version"] } });
    client.unary(pathOf("Get"), bytes("hello"));
    router.run();
    router.scheduler.advance(250);
    instance.reply(1, "Get", bytes("an answer"));
    // The attempt begins after its call.
    const late = client.start(pathOf("Get"));
    router.run();
    router.scheduler.advance(125);
    late.send(new Uint8Array(40), { halfClose: true });
    router.run();
    router.scheduler.advance(500);
    instance.reply(2, "Get", new Uint8Array(80));
    // The instance answers with what its client cannot be told.
    client.unary(pathOf("Get"), bytes("hi"));
    router.run();
    instance.end(3, { trailers: [{ name: "not a name", value: bytes("1") }] });
    router.run();

    expect(sums(router, "grpc.server.call.duration")).toEqual({
      [`${get} OK`]: [2, 0.875],
      [`${get} INTERNAL`]: [1, 0],
    });
    expect(sums(router, "grpc.server.call.rcvd_total_compressed_message_size")).toMatchObject({
      [`${get} OK`]: [2, 45],
    });
    expect(sums(router, "grpc.server.call.sent_total_compressed_message_size")).toMatchObject({
      [`${get} OK`]: [2, 89],
    });
    expect(sums(router, "grpc.client.attempt.duration")).toEqual({ [`${get} ${target} OK 2`]: [3, 0.75] });
    const sent = sums(router, "grpc.client.attempt.sent_total_compressed_message_size");
    expect(sent).toEqual({ [`${get} ${target} OK 2`]: [3, 47] });
    const received = sums(router, "grpc.client.attempt.rcvd_total_compressed_message_size");
    expect(received).toEqual({ [`${get} ${target} OK 2`]: [3, 89] });
    expect(read(router, "grpcrouter.calls")).toEqual({
      [`acme.test.v1.TestService ${get} OK 2`]: 2,
      [`acme.test.v1.TestService ${get} INTERNAL 2`]: 1,
    });
  });

  test("count the attempts of a race, and its call once", () => {
    const { router, call, instances } = policies({ hedging: { maxAttempts: 2, hedgingDelayMs: 10 } });
    call();
    router.scheduler.advance(30);
    instances[1]?.reply(1, "Read", bytes("answer"));
    router.run();
    instances[0]?.end(1, { code: 1 });
    router.run();
    expect(sums(router, "grpc.server.call.duration")).toMatchObject({ [`${readMethod} OK`]: [1, 0.03] });
    const byStatus = sums(router, "grpc.client.attempt.duration");
    expect(Object.entries(byStatus).map(([labels, [count]]) => [labels, count])).toEqual([
      [`${readMethod} ${target} OK`, 1],
      [`${readMethod} ${target} CANCELLED`, 1],
    ]);
    expect(router.core.heldCalls).toBe(0);
  });

  test("know the labels of instances that they are told of", () => {
    const { router, instance, client } = scene({ metrics: { instanceLabels: ["version", "zone"] } });
    client.unary(pathOf("Get"), bytes("hello"));
    router.run();
    instance.reply(1, "Get", bytes("answer"));
    router.run();
    instance.control({ kind: { case: "traits", value: { labels: { version: "3", zone: "a" } } } });
    client.unary(pathOf("Get"), bytes("hello"));
    router.run();
    instance.reply(2, "Get", bytes("answer"));
    router.run();
    expect(read(router, "grpcrouter.calls")).toEqual({
      [`acme.test.v1.TestService ${get} OK 2 `]: 1,
      [`acme.test.v1.TestService ${get} OK 3 a`]: 1,
    });
    const family = router.core.metrics().find(({ definition }) => definition.name === "grpc.client.attempt.duration");
    expect(family?.definition.labels.slice(-2)).toEqual(["grpcrouter.instance.version", "grpcrouter.instance.zone"]);
  });

  test.each([
    [["a", "b", "c", "d", "e"], "at most 4"],
    [["a-b", "a_b"], "must differ"],
    [["a b"], "must be letters"],
    [[""], "must be letters"],
  ])("refuse the labels %j", (instanceLabels, problem) => {
    expect(() => new TestRouter({ metrics: { instanceLabels } })).toThrow(problem);
  });

  test("are not there if nobody wants them, and the rest is", () => {
    const { router, instance, client } = scene({ metrics: false });
    const call = client.unary(pathOf("Get"), bytes("hello"));
    router.run();
    instance.reply(1, "Get", bytes("answer"));
    router.run();
    expect(call.status).toMatchObject({ code: 0 });
    expect(() => read(router, "grpc.server.call.started")).toThrow("Cannot find");
    expect(read(router, "grpcrouter.instances")).toEqual({ "acme.test.v1.TestService serving": 1 });
  });
});

describe("MethodMetrics", () => {
  test("takes all sets of labels as one when there are too many series", () => {
    const room = { taken: maxLabelledSeries - 1 };
    const metrics = new MethodMetrics(new ServiceMetrics("s", room), "s/m");
    const last = metrics.seriesOfAttempts(0, 2);
    const other = metrics.seriesOfAttempts(0, 3);
    expect(other).not.toBe(last);
    expect(metrics.seriesOfAttempts(0, 4)).toBe(other);
    expect(metrics.seriesOfAttempts(0, 2)).toBe(last);
    expect(metrics.seriesOfAttempts(0, 0)).not.toBe(other);
    expect(room.taken).toBe(maxLabelledSeries);
    // What a service that has left goes on counting takes no room of the others.
    metrics.service.leave();
    expect(room.taken).toBe(maxLabelledSeries - 1);
    expect(metrics.seriesOfAttempts(0, 9)).not.toBe(metrics.seriesOfAttempts(0, 1));
    expect(room.taken).toBe(maxLabelledSeries - 1);
  });

  test("counts calls and attempts apart where there is no room for both", () => {
    const room = { taken: maxLabelledSeries - 1 };
    const metrics = new MethodMetrics(new ServiceMetrics("s", room), "s/m");
    const clock = { lastMs: 5 };
    for (const labelSet of [0, 2, 3]) {
      const sample = new CallSample();
      const call = { openedMs: 4, attempt: 0, attempts: undefined, channel: { labelSet } };
      sample.begin(metrics);
      sample.beginAttempt(metrics, { openedMs: 5 }, clock);
      sample.endAttempt(metrics, call, 0, clock, labelSet);
      sample.end(call, 0, clock);
    }
    const counted = (list: readonly (CallSeries | undefined)[]) =>
      list.map((series, at) => [at, series?.duration.snapshot().count ?? 0]).filter(([, count]) => count !== 0);
    expect(counted(metrics.calls)).toEqual([[0, 3]]);
    // Set 3 is one with the others.
    expect(counted(metrics.attempts)).toEqual([
      [0, 1],
      [otherLabelSet * statusCount, 1],
      [2 * statusCount, 1],
    ]);
    expect(metrics.counts.flatMap((count, at) => (count === 0 ? [] : [[at, count]]))).toEqual([
      [0, 1],
      [2 * statusCount, 1],
      [3 * statusCount, 1],
    ]);
    expect(room.taken).toBe(maxLabelledSeries);
  });
});

/** Two instances, which get calls of `Read` in their order. */
function policies(read: NonNullable<NonNullable<ServiceSettings["methods"]>[string]>) {
  const scene = new PolicyScene({ methods: { read } });
  return { router: scene.router, instances: scene.instances, call: () => scene.call("Read") };
}
