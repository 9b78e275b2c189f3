// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, decodeBinaryHeader } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { OrcaLoadReportSchema } from "../gen/xds/data/orca/v3/orca_load_report_pb.js";
import { registered, whole } from "../testing/bridge-bed.suite.js";
import { type CallLoad, recordLoad } from "./record-load.js";

const trailer = "endpoint-load-metrics-bin";

/** What the trailer says after these reports. */
function recorded(...loads: readonly CallLoad[]) {
  const responseTrailer = new Headers();
  for (const load of loads) recordLoad({ responseTrailer }, load);
  const { $typeName: _, ...report } = decodeBinaryHeader(responseTrailer.get(trailer) ?? "", OrcaLoadReportSchema);
  return report;
}

const nothing = {
  cpuUtilization: 0,
  memUtilization: 0,
  applicationUtilization: 0,
  rps: 0n,
  rpsFractional: 0,
  eps: 0,
  utilization: {},
  requestCost: {},
  namedMetrics: {},
};

describe("recordLoad()", () => {
  it("writes an ORCA report", () => {
    expect(
      recorded({
        cpuUtilization: 0.5,
        memUtilization: 0.25,
        applicationUtilization: 1.5,
        rps: 12.5,
        eps: 0.5,
        utilization: { disk: 0.75 },
        requestCost: { rows: 3 },
        named: { debt: -2 },
      }),
    ).toEqual({
      cpuUtilization: 0.5,
      memUtilization: 0.25,
      applicationUtilization: 1.5,
      rps: 0n,
      rpsFractional: 12.5,
      eps: 0.5,
      utilization: { disk: 0.75 },
      requestCost: { rows: 3 },
      namedMetrics: { debt: -2 },
    });
  });

  it("adds to what was said before, and replaces what is said again", () => {
    const report = recorded({ cpuUtilization: 0.5, named: { a: 1, b: 2 } }, { eps: 3, named: { b: 4 } });
    expect(report).toEqual({ ...nothing, cpuUtilization: 0.5, eps: 3, namedMetrics: { a: 1, b: 4 } });
  });

  it("takes the place of a trailer that is no report", () => {
    const responseTrailer = new Headers({ [trailer]: "////" });
    recordLoad({ responseTrailer }, { eps: 1 });
    expect(decodeBinaryHeader(responseTrailer.get(trailer) ?? "", OrcaLoadReportSchema).eps).toBe(1);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -0.1])("leaves out %d", (value) => {
    const wrong = {
      cpuUtilization: value,
      memUtilization: value,
      applicationUtilization: value,
      rps: value,
      eps: value,
    };
    expect(recorded(wrong)).toEqual(nothing);
  });

  it("leaves out metrics by name that cannot be said", () => {
    const long = "x".repeat(129);
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`m${index}`, index]));
    const { namedMetrics } = recorded({ named: { [long]: 1, "": 1, bad: Number.NaN, ...many } });
    expect([Object.keys(namedMetrics).length, namedMetrics.m0, namedMetrics.m64]).toEqual([64, 0, undefined]);
  });

  it.each([
    ["a reply", false],
    ["an error", true],
  ])("goes with %s", async (_name, fails) => {
    const bed = await registered({
      say({ value }, context) {
        recordLoad(context, { applicationUtilization: 0.5 });
        if (fails) throw new ConnectError("no", Code.NotFound);
        return { value };
      },
    });
    bed.channel.send(whole(1, "say", "a"));
    await bed.scheduler.settle();
    const [entry] = bed.channel.endOf(1)?.trailers ?? [];
    expect(entry?.name).toBe(trailer);
    const report = decodeBinaryHeader(new TextDecoder().decode(entry?.value), OrcaLoadReportSchema);
    expect(report.applicationUtilization).toBe(0.5);
  });
});
