// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { parseGrpcTraceBin, parseTraceparent, writeGrpcTraceBin, writeTraceparent } from "./trace-context.js";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

describe("parseTraceparent()", () => {
  it.each([
    ["sampled", `00-${traceId}-${spanId}-01`, true],
    ["not sampled", `00-${traceId}-${spanId}-00`, false],
    ["with flags that are unknown", `00-${traceId}-${spanId}-ff`, true],
    ["of a later version, with more behind", `cc-${traceId}-${spanId}-01-what-the-future-holds`, true],
  ])("reads one %s", (_, text, sampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId, spanId, sampled });
  });

  // The cases of W3C Trace Context, section 3.2.2, and of its test suite.
  it.each([
    "",
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId.slice(1)}-${spanId}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-0g`,
    ` 00-${traceId}-${spanId}-01`,
    `cc-${traceId}-${spanId}-01.more`,
  ])("ignores %j", (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it("reads what writeTraceparent() writes", () => {
    for (const sampled of [true, false]) {
      const context = { traceId, spanId, sampled };
      expect(parseTraceparent(writeTraceparent(context))).toEqual(context);
    }
  });
});

describe("parseGrpcTraceBin()", () => {
  const bytes = writeGrpcTraceBin({ traceId, spanId, sampled: true });

  it("reads the octets of OpenCensus' specification", () => {
    const example = Uint8Array.from([
      0, 0, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 1, 97, 98, 99, 100, 101, 102, 103, 104, 2,
      1,
    ]);
    expect(parseGrpcTraceBin(example)).toEqual({
      traceId: "404142434445464748494a4b4c4d4e4f",
      spanId: "6162636465666768",
      sampled: true,
    });
  });

  it("reads what writeGrpcTraceBin() writes", () => {
    expect(parseGrpcTraceBin(bytes)).toEqual({ traceId, spanId, sampled: true });
    const not = writeGrpcTraceBin({ traceId, spanId, sampled: false });
    expect(parseGrpcTraceBin(not)?.sampled).toBe(false);
  });

  it.each([
    ["too short", bytes.subarray(0, 28)],
    ["of another version", bytes.with(0, 1)],
    ["with other fields", bytes.with(18, 3)],
    ["without a trace", new Uint8Array(29).with(18, 1).with(27, 2).with(20, 9)],
    ["without a span", new Uint8Array(29).with(18, 1).with(27, 2).with(5, 9)],
  ])("ignores one %s", (_, wrong) => {
    expect(parseGrpcTraceBin(wrong)).toBeUndefined();
  });
});
