// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { LoadSchema, MAX_METRIC_NAME_BYTES } from "@grpc-router/protocol";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { maxLoadMetrics } from "../limits.js";
import { readOrcaReport, toCandidateLoad, withReport } from "./load-report.js";

/** An encoded report with these fields of type double, by number. */
function encoded(doubles: Readonly<Record<number, number>>, more?: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of Object.entries(doubles)) writer.tag(Number(number), WireType.Bit64).double(value);
  more?.(writer);
  return writer.finish();
}

const nothing = { cpuUtilization: 0, memUtilization: 0, applicationUtilization: 0, rps: 0, eps: 0 };
const before = { ...nothing, cpuUtilization: 0.5, rps: 10, eps: 2, loopDelayUs: 7 };

describe("readOrcaReport()", () => {
  it("reads what balancers go by", () => {
    expect(readOrcaReport(encoded({ 1: 0.5, 2: 0.25, 6: 12.5, 7: 0.5, 9: 1.5 }))).toEqual({
      cpuUtilization: 0.5,
      memUtilization: 0.25,
      rps: 12.5,
      eps: 0.5,
      applicationUtilization: 1.5,
    });
  });

  it("takes the older field of whole numbers for rps only if the other says nothing", () => {
    const whole = (writer: BinaryWriter) => writer.tag(3, WireType.Varint).uint64(7n);
    expect(readOrcaReport(encoded({}, whole))?.rps).toBe(7);
    expect(readOrcaReport(encoded({ 6: 2.5 }, whole))?.rps).toBe(2.5);
  });

  it("keeps metrics by name, as many as may be kept, and no name that is too long nor number that no load can be", () => {
    const entry = (name: string, value: number) =>
      new BinaryWriter().tag(1, WireType.LengthDelimited).string(name).tag(2, WireType.Bit64).double(value).finish();
    const bytes = encoded({}, (writer) => {
      writer.tag(5, WireType.LengthDelimited).bytes(entry("disk", 0.5));
      writer.tag(8, WireType.LengthDelimited).bytes(entry("n".repeat(MAX_METRIC_NAME_BYTES), 1));
      for (const value of [-1, Number.NaN, 0]) writer.tag(8, WireType.LengthDelimited).bytes(entry("wrong", value));
      for (let index = 0; index < 2 * maxLoadMetrics; index++)
        writer.tag(8, WireType.LengthDelimited).bytes(entry(`queue-${index}`, 7));
    });
    const named = readOrcaReport(bytes)?.named;
    expect([named?.size, ...(named ?? [])].slice(0, 3)).toEqual([
      maxLoadMetrics,
      ["utilization.disk", 0.5],
      ["named_metrics.queue-0", 7],
    ]);
    const load = { named: { queue: 3, wrong: -1 } };
    expect(toCandidateLoad(create(LoadSchema, load)).named).toEqual(new Map([["named_metrics.queue", 3]]));
  });

  it("passes over costs and fields that it does not know", () => {
    const bytes = encoded({ 1: 0.5 }, (writer) => {
      writer.tag(4, WireType.LengthDelimited).bytes(Uint8Array.of(0x0a, 0x01, 0x61));
      writer.tag(500, WireType.Varint).uint32(3);
    });
    expect(readOrcaReport(bytes)).toEqual({ ...nothing, cpuUtilization: 0.5 });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1])("takes %d as not said", (value) => {
    expect(readOrcaReport(encoded({ 1: value, 2: 0.5, 6: value, 7: value, 9: value }))).toEqual({
      ...nothing,
      memUtilization: 0.5,
    });
  });

  it.each([
    ["nothing", encoded({})],
    [
      "nothing that balancers go by",
      encoded({ 1: Number.NaN }, (writer) => writer.tag(500, WireType.Varint).uint32(3)),
    ],
    ["a cut number", encoded({ 1: 0.5 }).subarray(0, 5)],
    ["a number of another type", Uint8Array.of(0x08, 0x01)],
    ["a map of another type", Uint8Array.of(0x40, 0x01)],
    ["an entry that is cut off", Uint8Array.of(0x42, 0x02, 0x0a, 0x05)],
    ["rps of another type", Uint8Array.of(0x1a, 0x00)],
    ["field 0", Uint8Array.of(0x00)],
    ["a length beyond the end", Uint8Array.of(0x22, 0x7f)],
  ])("refuses %s", (_name, bytes) => {
    expect(readOrcaReport(bytes)).toBeUndefined();
  });

  it("throws for no bytes at all (seed 7)", () => {
    const { randomBytes } = createSeededRandom(7);
    for (let count = 0; count < 2_000; count++) {
      const report = readOrcaReport(randomBytes(count % 40));
      for (const value of Object.values(report ?? {})) expect(value).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("toCandidateLoad()", () => {
  it("takes numbers that no load can be as not said", () => {
    const load = {
      cpuUtilization: Number.NaN,
      memUtilization: -1,
      rps: Number.POSITIVE_INFINITY,
      eps: 3,
      loopDelayUs: 9,
    };
    expect(toCandidateLoad(create(LoadSchema, load))).toEqual({ ...nothing, eps: 3, loopDelayUs: 9 });
  });
});

describe("withReport()", () => {
  it("keeps what a report does not say", () => {
    const report = { ...nothing, applicationUtilization: 0.75 };
    expect(withReport(before, report)).toEqual({ ...before, applicationUtilization: 0.75 });
  });

  it("takes both rates of a report that has calls", () => {
    expect(withReport(before, { ...nothing, rps: 20 })).toEqual({ ...before, rps: 20, eps: 0 });
    expect(withReport(before, { ...nothing, eps: 5 })).toEqual(before);
  });

  it("keeps metrics by name until a report has others", () => {
    const queue = new Map([["named_metrics.queue", 1]]);
    const disk = new Map([["utilization.disk", 1]]);
    const known = withReport(before, { ...nothing, named: queue });
    expect(known.named).toBe(queue);
    expect(withReport(known, { ...nothing, rps: 1 }).named).toBe(queue);
    expect(withReport(known, { ...nothing, named: disk }).named).toBe(disk);
  });

  it("needs no report before", () => {
    expect(withReport(undefined, { ...nothing, rps: 1 })).toEqual({ ...nothing, rps: 1, loopDelayUs: 0 });
  });
});
