// SPDX-License-Identifier: Apache-2.0
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Load, MAX_METRIC_NAME_BYTES } from "@grpc-router/protocol";
import { maxLoadMetrics } from "../limits.js";
import type { CandidateLoad } from "./balancer.js";

/** What an ORCA report says of an instance; 0: not said. */
export type OrcaReport = Omit<CandidateLoad, "loopDelayUs">;

/** What a Load of the channel says. Numbers that no load can be, negative or not finite, count as not said. */
export function toCandidateLoad(load: Load): CandidateLoad {
  return {
    cpuUtilization: sane(load.cpuUtilization),
    memUtilization: sane(load.memUtilization),
    applicationUtilization: sane(load.applicationUtilization),
    rps: sane(load.rps),
    eps: sane(load.eps),
    loopDelayUs: load.loopDelayUs,
    named: bounded(Object.entries(load.named).map(([name, value]) => [`named_metrics.${name}`, value])),
  };
}

/** The rates' field for whole numbers; `rps_fractional` counts if both are there. */
const WHOLE_RPS = 3;

/**
 * Reads an encoded `xds.data.orca.v3.OrcaLoadReport`; undefined for bytes that are none, or that say nothing here. What
 * calls cost is passed over: no balancer goes by it. Of the metrics in maps the first `maxLoadMetrics` are kept.
 *
 * Source: gRFC A51; https://github.com/cncf/xds, xds/data/orca/v3/orca_load_report.proto
 */
export function readOrcaReport(bytes: Uint8Array): OrcaReport | undefined {
  const report = { cpuUtilization: 0, memUtilization: 0, applicationUtilization: 0, rps: 0, eps: 0 };
  const metrics: Metric[] = [];
  let wholeRps = 0;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const name = doubles[number];
      const map = maps[number];
      if (name !== undefined && wireType === WireType.Bit64) report[name] = sane(reader.double());
      else if (number === WHOLE_RPS && wireType === WireType.Varint) wholeRps = Number(reader.uint64());
      else if (map !== undefined && wireType === WireType.LengthDelimited) metrics.push(readEntry(map, reader.bytes()));
      else if (name !== undefined || map !== undefined || number === WHOLE_RPS) return undefined;
      else reader.skip(wireType, number);
    }
  } catch {
    return undefined;
  }
  if (report.rps === 0) report.rps = wholeRps;
  const named = bounded(metrics);
  return named !== undefined || Object.values(report).some((value) => value > 0) ? { ...report, named } : undefined;
}

type Metric = readonly [name: string, value: number];

/** Maps of a report, by number. */
const maps: Readonly<Record<number, string>> = { 5: "utilization", 8: "named_metrics" };

/** An entry of a map from names to doubles. */
function readEntry(map: string, bytes: Uint8Array): Metric {
  const reader = new BinaryReader(bytes);
  let name = "";
  let value = 0;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.LengthDelimited) name = reader.string();
    else if (number === 2 && wireType === WireType.Bit64) value = reader.double();
    else reader.skip(wireType, number);
  }
  return [`${map}.${name}`, value];
}

/** As many as an instance may have kept, and none whose name is too long or whose number no load can be. */
function bounded(metrics: readonly Metric[]): ReadonlyMap<string, number> | undefined {
  const named = new Map<string, number>();
  for (const [name, value] of metrics) {
    if (named.size === maxLoadMetrics) break;
    if (sane(value) > 0 && name.length <= MAX_METRIC_NAME_BYTES) named.set(name, value);
  }
  return named.size === 0 ? undefined : named;
}

/** Fields of type double, by number. */
const doubles: readonly (Exclude<keyof OrcaReport, "named"> | undefined)[] = [
  undefined,
  "cpuUtilization",
  "memUtilization",
  undefined,
  undefined,
  undefined,
  "rps",
  "eps",
  undefined,
  "applicationUtilization",
];

/**
 * What is known of an instance after a report. What it does not say stays; `rps` and `eps` go together, as no errors and
 * nothing said of errors are the same on the wire. Metrics by name take the place of all that were there before.
 */
export function withReport(before: CandidateLoad | undefined, report: OrcaReport): CandidateLoad {
  const rates = report.rps > 0 ? report : before;
  return {
    cpuUtilization: report.cpuUtilization || (before?.cpuUtilization ?? 0),
    memUtilization: report.memUtilization || (before?.memUtilization ?? 0),
    applicationUtilization: report.applicationUtilization || (before?.applicationUtilization ?? 0),
    rps: rates?.rps ?? 0,
    eps: rates?.eps ?? 0,
    loopDelayUs: before?.loopDelayUs ?? 0,
    named: report.named ?? before?.named,
  };
}

function sane(value: number): number {
  return value > 0 && value < Number.POSITIVE_INFINITY ? value : 0;
}
