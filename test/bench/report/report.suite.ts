// SPDX-License-Identifier: Apache-2.0
import type { BenchReport, CaseResult } from "./bench-report.ts";

/** A report of these cases, on no machine in particular. */
export function createReport(cases: readonly CaseResult[]): BenchReport {
  return {
    version: 1,
    form: "whole",
    date: "2026-01-31",
    commit: "0123abc",
    machine: {
      processors: 2,
      model: "a processor, x64",
      memoryGiB: 8,
      system: "linux 6.1",
      node: "24.0.0",
      pinned: true,
    },
    peers: { router: "Node 24.0.0; default settings", nginx: "not measured: nginx is not installed" },
    cases,
  };
}

/** CPU per call of several entries, one value a round. */
export function cpuResult(id: string, micros: Readonly<Record<string, readonly number[]>>): CaseResult {
  return {
    kind: "cpu",
    id,
    series: Object.entries(micros).map(([label, values]) => ({
      label,
      samples: values.map((microsPerUnit) => ({ microsPerUnit, perSecond: 1e6 / microsPerUnit, starvedShare: 0 })),
    })),
  };
}

/** One of each kind. */
export const everyKind: readonly CaseResult[] = [
  cpuResult("7b-10x50", { router: [2, 2.2, 2.1], haproxy: [10, 10, 11], envoy: [80, 81, 82] }),
  cpuResult("tls-7b-1x1", { router: [100], haproxy: [50] }),
  {
    kind: "instructions",
    id: "observed-instructions",
    series: [
      { label: "router", perCall: [20_000, 22_000] },
      { label: "router, unobserved", perCall: [20_000, 20_000] },
    ],
  },
  {
    kind: "latency",
    id: "latency",
    series: [
      {
        label: "router",
        peakPerSecond: 10_000,
        points: [0.2, 0.5, 0.8].map((share) => ({
          share,
          rate: share * 10_000,
          rounds: [
            [
              [500_000, 99],
              [2_000_000, 1],
            ],
          ],
          direct: [[[300_000, 100]]],
        })),
      },
    ],
  },
  {
    kind: "memory",
    id: "memory-connections",
    series: [
      { label: "router", count: 5_000, residentBytes: 5_120, retainedBytes: 3_072 },
      { label: "haproxy", count: 5_000, residentBytes: 3_500 },
    ],
  },
  {
    kind: "garbage",
    id: "garbage",
    calls: 1_000,
    bytesPerCall: [120, 130, 125],
    pauses: { collections: 3, pausedMs: 4, longestMs: 2 },
  },
  {
    kind: "profile",
    id: "profile",
    stages: [{ stage: "splice", share: 0.4 }],
    functions: [{ name: "writeFrame", place: "packages/protocol/src/frame/write-frame.ts", share: 0.25 }],
    file: "/nowhere/profile.cpuprofile",
  },
  { kind: "cross-check", id: "cross-check", rate: 2_000, ours: [[400_000, 10]], ghz: [[500_000, 10]] },
];
