// SPDX-License-Identifier: Apache-2.0
import { type Load, StatusCode } from "@grpc-router/protocol";
import { createFakeScheduler, createRecordingLogger } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { END_NO_CAPACITY, END_OK, encodeEnd } from "../channel/call-end.js";
import type { Control } from "../channel/reply-writer.js";
import { type BedOptions, registered, whole } from "../testing/bridge-bed.suite.js";
import { relayed } from "../testing/relay-bed.suite.js";
import type { LoadOptions, LoadSample } from "./load-options.js";
import { LoadReporter } from "./load-reporter.js";

const measured: LoadSample = { cpuUtilization: 0.5, memUtilization: 0.25, loopDelayUs: 700 };
const none = {
  cpuUtilization: 0,
  memUtilization: 0,
  applicationUtilization: 0,
  rps: 0,
  eps: 0,
  named: {},
  loopDelayUs: 0,
};

function createReporter(load: LoadOptions = {}, connections = 1) {
  const scheduler = createFakeScheduler();
  const startMs = scheduler.nowMs();
  const logger = createRecordingLogger();
  const measurements = { running: 0, samples: 0 };
  const reporter = new LoadReporter({
    ports: { scheduler, logger },
    load,
    connections,
    measure() {
      measurements.running++;
      return {
        sample() {
          measurements.samples++;
          return measured;
        },
        stop: () => measurements.running--,
      };
    },
  });
  function listener() {
    const reports: { readonly atMs: number; readonly load: Partial<Load> }[] = [];
    return {
      reports,
      say(control: Control) {
        if (control.case === "load")
          reports.push({ atMs: scheduler.nowMs() - startMs, load: control.value as Partial<Load> });
      },
    };
  }
  return { scheduler, logger, reporter, measurements, listener };
}

describe("LoadReporter", () => {
  it("says what the process used and the rates since the report before", () => {
    const { scheduler, reporter, listener } = createReporter();
    const channel = listener();
    reporter.tally.count(END_OK); // before anybody asked
    reporter.join(channel, 10_000);
    for (let count = 0; count < 30; count++) reporter.tally.count(END_OK);
    for (let count = 0; count < 10; count++) reporter.tally.count(encodeEnd({ code: StatusCode.unavailable }));
    scheduler.advance(10_000);
    scheduler.advance(10_000);
    expect(channel.reports).toEqual([
      { atMs: 10_000, load: { ...measured, rps: 4, eps: 1, applicationUtilization: 0, named: {} } },
      { atMs: 20_000, load: { ...measured, rps: 0, eps: 0, applicationUtilization: 0, named: {} } },
    ]);
  });

  it.each([
    ["as the router asks", {}, 3_000, 3_000],
    ["as the option says", { intervalMs: 2_000 }, 10_000, 2_000],
    ["once a second at most", {}, 5, 1_000],
    ["once an hour at least", {}, 2 ** 32 - 1, 3_600_000],
  ])("reports %s", (_name, load, askedMs, expectedMs) => {
    const { scheduler, reporter, listener } = createReporter(load);
    const channel = listener();
    reporter.join(channel, askedMs);
    scheduler.advance(expectedMs * 3);
    expect(channel.reports.map(({ atMs }) => atMs)).toEqual([1, 2, 3].map((count) => count * expectedMs));
  });

  it("measures once for all channels, as often as the most eager of their routers asks", () => {
    const { scheduler, reporter, measurements, listener } = createReporter();
    const [one, other] = [listener(), listener()];
    reporter.join(one, 10_000);
    scheduler.advance(500);
    reporter.join(other, 2_000);
    scheduler.advance(3_500);
    expect([one, other].map(({ reports }) => reports.map(({ atMs }) => atMs))).toEqual([
      [2_000, 4_000],
      [2_000, 4_000],
    ]);
    expect(measurements).toEqual({ running: 1, samples: 2 });
  });

  it("does nothing while no router asks", () => {
    const { scheduler, reporter, measurements, listener } = createReporter();
    const [silent, asked] = [listener(), listener()];
    reporter.join(silent, 0);
    expect(measurements.running).toBe(0);
    reporter.join(asked, 1_000);
    scheduler.advance(1_000);
    reporter.leave(asked);
    scheduler.advance(60_000);
    expect([silent.reports.length, asked.reports.length, measurements.running]).toEqual([0, 1, 0]);
    reporter.join(asked, 1_000);
    scheduler.advance(1_000);
    expect([asked.reports.length, measurements.running]).toEqual([2, 1]);
  });

  it("shares the rates among the connections to a router", () => {
    const { scheduler, reporter, listener } = createReporter({}, 2);
    const channel = listener();
    reporter.join(channel, 1_000);
    for (let count = 0; count < 8; count++) reporter.tally.count(END_OK);
    scheduler.advance(1_000);
    expect(channel.reports[0]?.load.rps).toBe(4);
  });

  it("says what the application says", () => {
    const { scheduler, reporter, listener } = createReporter({
      application: () => ({ utilization: 1.5, named: { queue: 7, debt: -2 } }),
    });
    const channel = listener();
    reporter.join(channel, 1_000);
    scheduler.advance(1_000);
    expect(channel.reports[0]?.load).toMatchObject({ applicationUtilization: 1.5, named: { queue: 7, debt: -2 } });
  });

  it("leaves out what cannot be said, and logs it", () => {
    const long = "x".repeat(129);
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`m${index}`, index]));
    const { scheduler, logger, reporter, listener } = createReporter({
      application: () => ({
        utilization: Number.NaN,
        named: { [long]: 1, infinite: Number.POSITIVE_INFINITY, ...many },
      }),
    });
    const channel = listener();
    reporter.join(channel, 1_000);
    scheduler.advance(1_000);
    const { named = {}, applicationUtilization } = channel.reports[0]?.load ?? {};
    expect([Object.keys(named).length, named.m63, named.m64, applicationUtilization]).toEqual([64, 63, undefined, 0]);
    expect(logger.of("load_dropped")[0]?.message).toMatch(
      /^Cannot report utilization, "x+", "infinite", "m64" of the load/,
    );
  });

  it("goes on without an application that throws, and logs that", () => {
    const { scheduler, logger, reporter, listener } = createReporter({
      application() {
        throw new Error("no pool yet");
      },
    });
    const channel = listener();
    reporter.join(channel, 1_000);
    scheduler.advance(2_000);
    expect(channel.reports).toHaveLength(2);
    expect(logger.of("load_failed")[0]?.message).toMatch(/load\.application threw: Error: no pool yet/);
  });
});

describe("CallTally", () => {
  it.each(Object.entries(StatusCode))(
    "counts %s as a request, and failures of the instance's own as failed",
    (name, code) => {
      const { reporter } = createReporter();
      reporter.tally.count(encodeEnd({ code }));
      const isFailure = ["unknown", "deadlineExceeded", "internal", "unavailable", "dataLoss"].includes(name);
      expect(reporter.tally).toMatchObject({ ended: 1, failed: isFailure ? 1 : 0 });
    },
  );

  it("does not count a call that was given back", () => {
    const { reporter } = createReporter();
    reporter.tally.count(END_NO_CAPACITY);
    expect(reporter.tally).toMatchObject({ ended: 0, failed: 0 });
  });
});

const asking: BedOptions = {
  welcome: { loadEveryMs: 10_000 },
  ports: { measureLoad: () => ({ sample: () => measured, stop() {} }) },
};

describe("a bridge whose router asks for Load", () => {
  it("reports the calls it has answered", async () => {
    const bed = await registered(
      { say: ({ value }) => (value === "bad" ? Promise.reject(new Error("x")) : { value }) },
      asking,
    );
    bed.channel.send(whole(1, "say", "a"), whole(2, "say", "bad"), whole(3, "say", "b"));
    await bed.scheduler.advanceSettled(10_000);
    expect(bed.channel.endOf(2)?.code).toBe(StatusCode.unknown);
    expect(bed.channel.controls("load")).toMatchObject([{ ...measured, rps: 0.3, eps: 0.1 }]);
  });

  it.each([
    ["with load: false", { ...asking, load: false }],
    ["if the router asks for none", { ...asking, welcome: {} }],
  ] as const)("says nothing %s", async (_name, options) => {
    const bed = await registered({ say: ({ value }) => ({ value }) }, options);
    await bed.scheduler.advanceSettled(60_000);
    expect(bed.channel.controls("load")).toEqual([]);
  });

  it("stops with the channel, and measures no more", async () => {
    let isRunning = false;
    const measureLoad = () => {
      isRunning = true;
      return {
        sample: () => measured,
        stop() {
          isRunning = false;
        },
      };
    };
    const bed = await registered({ say: ({ value }) => ({ value }) }, { ...asking, ports: { measureLoad } });
    expect(isRunning).toBe(true);
    bed.connection.close();
    await bed.scheduler.advanceSettled(0);
    expect(isRunning).toBe(false);
  });

  it.each([
    ["less than a second", 999],
    ["no number", Number.NaN],
    ["more than an hour", 3_600_001],
  ])("refuses an interval of %s", async (_name, intervalMs) => {
    await expect(registered({}, { load: { intervalMs } })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});

describe("a relay whose router asks for Load", () => {
  it("reports rates, but not what its own process uses: the server is another one", async () => {
    const bed = await relayed(asking);
    await bed.scheduler.advanceSettled(10_000);
    expect(bed.channel.controls("load").map(({ $typeName: _, ...load }) => load)).toEqual([none]);
  });
});
