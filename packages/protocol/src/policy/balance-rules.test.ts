// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type FaultRow, methodFaults } from "./policy-faults.suite.js";

const faults: readonly FaultRow[] = [
  [{}, "", "it must name a strategy, such as round_robin: {}"],
  [{ selector: { zone: "a" } }, "", "it must name a strategy, such as round_robin: {}"],
  ["round_robin", "", 'it must be an object, received "round_robin"'],
  [{ roundRobin: {}, ringHash: {} }, "", "it must name one strategy, received round_robin and ring_hash"],
  [{ roundRobn: {} }, "roundRobn", 'there is no "roundRobn"; did you mean "roundRobin"?'],
  [{ roundRobin: { x: 1 } }, "roundRobin.x", 'there is no "x" (there is none)'],
  [{ leastRequest: { choiceCount: 11 } }, "leastRequest.choiceCount", "choice_count must be 2 to 10, received 11"],
  [
    { leastRequest: { choiceCount: 3, fullScan: true } },
    "leastRequest.fullScan",
    "full_scan excludes choice_count; one of the two must go",
  ],
  [
    { leastRequest: { activeRequestBias: -1 } },
    "leastRequest.activeRequestBias",
    "active_request_bias must be at least 0, received -1",
  ],
  [
    { weightedRoundRobin: { updateMs: 99 } },
    "weightedRoundRobin.updateMs",
    "update must be at least 0.1 s, received 0.099 s",
  ],
  [
    { weightedRoundRobin: { blackoutMs: -1 } },
    "weightedRoundRobin.blackoutMs",
    "blackout must be 0 s or longer, received -0.001 s",
  ],
  [
    { weightedRoundRobin: { expiryMs: 0 } },
    "weightedRoundRobin.expiryMs",
    "expiry must be longer than 0 s, received 0 s",
  ],
  [
    { weightedRoundRobin: { errorPenalty: -1 } },
    "weightedRoundRobin.errorPenalty",
    "error_penalty must be at least 0, received -1",
  ],
  [
    { weightedRoundRobin: { metricNamesForComputingUtilization: ["queue"] } },
    "weightedRoundRobin.metricNamesForComputingUtilization",
    'metric_names_for_computing_utilization must have names such as cpu_utilization, mem_utilization, application_utilization, utilization.NAME or named_metrics.NAME, received "queue"',
  ],
  [
    { weightedRoundRobin: { metricNamesForComputingUtilization: Array.from({ length: 17 }, () => "cpu_utilization") } },
    "weightedRoundRobin.metricNamesForComputingUtilization",
    "metric_names_for_computing_utilization must have at most 16 names, received 17",
  ],
  [{ peakEwma: { decayMs: 0 } }, "peakEwma.decayMs", "decay must be longer than 0 s, received 0 s"],
  [{ peakEwma: { choiceCount: 1 } }, "peakEwma.choiceCount", "choice_count must be 2 to 10, received 1"],
  [
    { ringHash: { minRingSize: 0 } },
    "ringHash",
    "1 <= min_ring_size <= max_ring_size <= 8388608 must hold, received 0 and 4096",
  ],
  [
    { ringHash: { minRingSize: 9, maxRingSize: 8 } },
    "ringHash",
    "1 <= min_ring_size <= max_ring_size <= 8388608 must hold, received 9 and 8",
  ],
  [
    { ringHash: { maxRingSize: 8_388_609 } },
    "ringHash",
    "1 <= min_ring_size <= max_ring_size <= 8388608 must hold, received 1024 and 8388609",
  ],
  [
    { ringHash: { boundedLoadFactor: 0.9 } },
    "ringHash.boundedLoadFactor",
    "bounded_load_factor must be at least 1, received 0.9",
  ],
  [
    { maglev: { tableSize: 65_536 } },
    "maglev.tableSize",
    "table_size must be a prime of at most 5000011, such as 65537, received 65536",
  ],
  [
    { maglev: { tableSize: 5_000_077 } },
    "maglev.tableSize",
    "table_size must be a prime of at most 5000011, such as 65537, received 5000077",
  ],
  [
    { maglev: { tableSize: 1 } },
    "maglev.tableSize",
    "table_size must be a prime of at most 5000011, such as 65537, received 1",
  ],
  [
    { sticky: { fallback: "wait" } },
    "sticky.fallback",
    'fallback must be STICKY_FALLBACK_REBALANCE or STICKY_FALLBACK_FAIL, received "wait"',
  ],
  [{ pickFirst: { shuffle: "yes" } }, "pickFirst.shuffle", 'shuffle must be true or false, received "yes"'],
  [{ custom: { name: "" } }, "custom.name", 'custom.name must not be empty, received ""'],
  [{ custom: {} }, "custom.name", 'custom.name must not be empty, received ""'],
  [{ random: {}, selector: [] }, "selector", "selector must be labels with their values, received a list"],
  [{ random: {}, selector: { "": "x" } }, "selector", 'selector must have labels that are not empty, received ""'],
  [
    { random: {}, selector: { zone: 1 } },
    "selector.zone",
    "selector.zone must be a text of at most 256 bytes, received 1",
  ],
  [
    { random: {}, selector: { zone: "x".repeat(257) } },
    "selector.zone",
    `selector.zone must be a text of at most 256 bytes, received "${"x".repeat(79)}…"`,
  ],
  [
    { random: {}, selector: { ["é".repeat(32)]: "x" } },
    "selector",
    `selector must have labels of at most 63 bytes, received "${"é".repeat(32)}"`,
  ],
  [
    { random: {}, selector: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ""])) },
    "selector",
    "selector must have at most 64 labels, received 65",
  ],
  [{ random: {}, priorityLabel: "" }, "priorityLabel", 'priority_label must be a text of 1 to 63 bytes, received ""'],
  [
    { random: {}, locality: { zone: "" } },
    "locality.zone",
    'locality.zone must be a text of 1 to 256 bytes, received ""',
  ],
  [
    { random: {}, locality: { zone: "a", zoneLabel: "" } },
    "locality.zoneLabel",
    'locality.zone_label must be a text of 1 to 63 bytes, received ""',
  ],
  [
    { random: {}, locality: { zone: "a", overprovisioningPercent: 99 } },
    "locality.overprovisioningPercent",
    "locality.overprovisioning_percent must be at least 100, received 99",
  ],
  [{ random: {}, subsetSize: 0 }, "subsetSize", "subset_size must be at least 1, received 0"],
  [{ random: {}, slowStart: {} }, "slowStart.windowMs", "slow_start.window must be longer than 0 s, received none"],
  [
    { random: {}, slowStart: { windowMs: 1, aggression: 0 } },
    "slowStart.aggression",
    "slow_start.aggression must be greater than 0, received 0",
  ],
  [
    { random: {}, slowStart: { windowMs: 1, minWeightPercent: 0 } },
    "slowStart.minWeightPercent",
    "slow_start.min_weight_percent must be 1 to 100, received 0",
  ],
];

describe("balanceRule", () => {
  test.each(faults)("refuses %j", (balance, path, reason) => {
    expect(methodFaults({ balance })).toEqual([{ path: path === "" ? "balance" : `balance.${path}`, reason }]);
  });

  test.each([
    [{ ringHash: { minRingSize: 8_388_608, maxRingSize: 8_388_608, boundedLoadFactor: 1 } }],
    [{ ringHash: { minRingSize: 5000 } }],
    [{ maglev: { tableSize: 5_000_011 } }],
    [{ maglev: { tableSize: 2 } }],
    [{ leastRequest: { fullScan: false, choiceCount: 10 } }],
    [{ roundRobin: {}, selector: { version: "" } }],
    [{ weightedRoundRobin: { updateMs: 100, blackoutMs: 0, errorPenalty: 0 } }],
    [{ weightedRoundRobin: { metricNamesForComputingUtilization: ["mem_utilization", "named_metrics.a.b"] } }],
    [{ peakEwma: { failureLatencyMs: 0 } }],
    [{ custom: { name: "own", parameters: {} }, locality: { region: "eu" }, subsetSize: 1 }],
    [{ random: {}, locality: {} }],
  ])("finds nothing in %j", (balance) => {
    expect(methodFaults({ balance })).toEqual([]);
  });
});
