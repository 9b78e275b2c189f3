// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { maxFailedAddresses, maxFailedCredentials, maxFailedCredentialsPerSecond } from "../limits.js";
import { FailedAttempts } from "./failed-attempts.js";

function failedOften(count: number, address = "10.0.0.1") {
  const attempts = new FailedAttempts();
  for (let at = 0; at < count; at++) attempts.add(address, 0);
  return attempts;
}

describe("FailedAttempts", () => {
  test("lets an address wait after a burst, and no other", () => {
    expect(failedOften(maxFailedCredentials - 1).waitMs("10.0.0.1", 0)).toBe(0);
    const attempts = failedOften(maxFailedCredentials);
    expect(attempts.waitMs("10.0.0.1", 0)).toBe(1_000 / maxFailedCredentialsPerSecond);
    expect(attempts.waitMs("10.0.0.2", 0)).toBe(0);
  });

  test("lets one more pass with each part of a second", () => {
    const attempts = failedOften(maxFailedCredentials);
    let passed = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 10) {
      if (attempts.waitMs("10.0.0.1", nowMs) > 0) continue;
      passed++;
      attempts.add("10.0.0.1", nowMs);
    }
    expect(passed).toBeGreaterThan(9 * maxFailedCredentialsPerSecond);
    expect(passed).toBeLessThanOrEqual(10 * maxFailedCredentialsPerSecond);
  });

  test("forgets who has not failed for long", () => {
    const attempts = failedOften(3);
    expect(attempts.waitMs("10.0.0.1", 60_000)).toBe(0);
    expect(attempts.size).toBe(0);
  });

  test("remembers so many addresses and no more, the one that failed last in any case", () => {
    const attempts = failedOften(maxFailedCredentials);
    for (let at = 0; at < maxFailedAddresses - 1; at++) attempts.add(`10.1.${at}`, 0);
    attempts.add("10.0.0.1", 0);
    for (let at = 0; at < 10; at++) attempts.add(`10.2.${at}`, 0);
    expect(attempts.size).toBe(maxFailedAddresses);
    expect(attempts.waitMs("10.0.0.1", 0)).toBeGreaterThan(0);
  });
});
