// SPDX-License-Identifier: Apache-2.0
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Load } from "@grpc-router/protocol";
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
  };
}

/** The rates' field for whole numbers; `rps_fractional` counts if both are there. */
const WHOLE_RPS = 3;

/**
 * Reads an encoded `xds.data.orca.v3.OrcaLoadReport`; undefined for bytes that are none, or that say nothing here. Maps are
 * passed over: no balancer goes by them.
 *
 * Source: gRFC A51; https://github.com/cncf/xds, xds/data/orca/v3/orca_load_report.proto
 */
export function readOrcaReport(bytes: Uint8Array): OrcaReport | undefined {
  const report = { cpuUtilization: 0, memUtilization: 0, applicationUtilization: 0, rps: 0, eps: 0 };
  let wholeRps = 0;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const name = doubles[number];
      if (name !== undefined && wireType === WireType.Bit64) report[name] = sane(reader.double());
      else if (number === WHOLE_RPS && wireType === WireType.Varint) wholeRps = Number(reader.uint64());
      else if (name !== undefined || number === WHOLE_RPS) return undefined;
      else reader.skip(wireType, number);
    }
  } catch {
    return undefined;
  }
  if (report.rps === 0) report.rps = wholeRps;
  return Object.values(report).some((value) => value > 0) ? report : undefined;
}

/** Fields of type double, by number. */
const doubles: readonly (keyof OrcaReport | undefined)[] = [
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
 * nothing said of errors are the same on the wire.
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
  };
}

function sane(value: number): number {
  return value > 0 && value < Number.POSITIVE_INFINITY ? value : 0;
}
