// SPDX-License-Identifier: Apache-2.0
// The tables of docs/balancing.md and docs/resilience.md are those of options.proto, whose defaults are those of the code.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as protocol from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import * as router from "../../packages/runtime/src/limits.ts";
import { resilienceDefaults } from "../../packages/runtime/src/resilience/resilience-defaults.ts";
import { optionFields, policyPages, policyTable, readPage, tablesOf } from "./policy-tables.ts";

/** Where the defaults of a message stand in code. */
const sections: readonly (readonly [message: string, defaults: Readonly<Record<string, unknown>>])[] = [
  ["RetryPolicy", resilienceDefaults.retry],
  ["HedgingPolicy", resilienceDefaults.hedging],
  ["RetryBudget", resilienceDefaults.retryBudget],
  ["CircuitBreaker", resilienceDefaults.circuitBreaker],
  ["OutlierDetection", resilienceDefaults.outlierDetection],
  ["SuccessRate", resilienceDefaults.outlierDetection.successRate],
  ["FailurePercentage", resilienceDefaults.outlierDetection.failurePercentage],
  ["AdaptiveLimit", resilienceDefaults.adaptiveLimit],
  ["AdmissionControl", resilienceDefaults.admissionControl],
];

/** The sources of strategies, which have their defaults with their parameters: `minRingSize = 1024`, `decayMs ?? 10_000`. */
const strategies: readonly (readonly [message: string, file: string])[] = [
  ["LeastRequest", "least-request"],
  ["WeightedRoundRobin", "weighted-round-robin"],
  ["PeakEwma", "peak-ewma"],
  ["RingHash", "ring-hash"],
  ["Maglev", "maglev"],
  ["SlowStart", "slow-start"],
  ["Locality", "levels"],
];
/** What a source calls otherwise than options.proto. */
const otherNames: Readonly<Record<string, string>> = {
  "LeastRequest.choiceCount": "choices",
  "SlowStart.minWeightPercent": "defaultMinWeightPercent",
  "Locality.overprovisioningPercent": "defaultOverprovisioningPercent",
};
/** Defaults that are limits of their own, with their names. */
const limits: Readonly<Record<string, string>> = { "RingHash.maxRingSize": "maxRingEntries" };

const tables = policyPages.flatMap((page) => tablesOf(readPage(page)));

test("every message with parameters has its table, once", () => {
  const others = ["Sticky", "PickFirst", "RetryThrottling", "ConcurrencyLimit"];
  const names = [...sections, ...strategies].map(([message]) => message);
  expect(tables.map(({ message }) => message).sort()).toEqual([...names, ...others].sort());
});

test.each(tables)("$message: is what options.proto says (node test/readme/policy-tables.ts writes it)", (part) => {
  expect(part.table).toBe(policyTable(part.message));
});

describe("defaults of options.proto", () => {
  test.each(sections)("%s: are those of the code", (message, defaults) => {
    const values = optionFields(message).map(({ codeName, absent }) => [codeName, parseDefault(absent)] as const);
    const own = Object.entries(defaults).filter(([, value]) => typeof value === "number" || Array.isArray(value));
    expect(own.length).toBeGreaterThan(1);
    expect(new Map(values.filter(([, value]) => value !== undefined))).toEqual(new Map(own));
  });

  test.each(strategies)("%s: are those of its source", (message, file) => {
    const path = new URL(`../../packages/runtime/src/balance/${file}.ts`, import.meta.url);
    const source = readFileSync(fileURLToPath(path), "utf8").replaceAll(/(?<=\d)_(?=\d)/g, "");
    const numbers = optionFields(message).filter(({ absent }) => typeof parseDefault(absent) === "number");
    expect(numbers.length).toBeGreaterThan(0);
    for (const { codeName, absent } of numbers) {
      const id = `${message}.${codeName}`;
      const value = limits[id] ?? parseDefault(absent);
      expect(source, id).toMatch(new RegExp(`\\b${otherNames[id] ?? codeName} (?:=|\\?\\?) .*\\b${value}\\b`));
    }
  });
});

const count = (value: number) => value.toLocaleString("en");
const kib = (bytes: number) => `${bytes / 1024} KiB`;

test.each([
  `up to ${count(protocol.MAX_OPEN_CALLS)} calls (\`createRouter({ maxOpenCalls })\`)`,
  `never has more than ${count(router.maxRingEntries)} entries`,
  `remembers ${count(router.maxStickyKeys)} keys`,
  `between a hundredth and the tenfold of their mean`,
  `one of more than ${kib(protocol.MAX_KEY_BYTES)}`,
  `has outgrown ${kib(protocol.MAX_KEPT_REQUEST_BYTES)}`,
  `for ${count(router.maxWaitingCalls)} calls and ${router.maxWaitingBytes / 1024 ** 2} MiB of their requests`,
  `the router's: ${router.maxReplayBytes / 1024 ** 2} MiB for all requests that are kept`,
  `at most ${protocol.MAX_TENANT_CLASSES} sets a service`,
  `its tenant, of at most ${count(protocol.MAX_TENANTS)}, in a table`,
  `Requests of up to ${router.ownBufferBytes} bytes do not count in it`,
  `was passed over ${router.maxPassedOver} times has its turn`,
])("a page says: %s", (words) => {
  expect(policyPages.map(readPage).join("\n").replaceAll(/\s+/g, " ")).toContain(words);
});

test("bounds of weights are the words for them", () => {
  expect([router.minLoadWeightRatio, router.maxLoadWeightRatio]).toEqual([1 / 100, 10]);
  expect(router.lostInstanceMs).toBe(60_000); // "for a minute after it has left"
});

/** A default as code has it: a number, milliseconds, or codes; undefined for one that is none of these. */
function parseDefault(absent: string | undefined): number | readonly number[] | undefined {
  if (absent === undefined) return undefined;
  if (absent === "all at once") return 0;
  if (absent === "none") return [];
  const [, digits, unit] = /^([\d.]+)(?: (ms|s))?(?:$|, or )/.exec(absent) ?? [];
  if (digits !== undefined) return Number(digits) * (unit === "s" ? 1_000 : 1);
  const codes: readonly string[] = absent.match(/[A-Z_]{4,}/g) ?? [];
  const named = Object.values(protocol.StatusCode).filter((code) => codes.includes(protocol.statusName(code)));
  return named.length === 0 || named.length !== codes.length ? undefined : named;
}
