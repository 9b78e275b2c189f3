// SPDX-License-Identifier: Apache-2.0
// examples/resilience as its README starts it: the clients of the router with policies see fewer errors.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const start = fileURLToPath(new URL("../../examples/resilience/dist/start.js", import.meta.url));

test("the fleet with faults: policies keep its failures from clients", () => {
  const output = execFileSync(process.execPath, [start, "--seconds", "5"], { encoding: "utf8", timeout: 30_000 });
  const failed = (name: string) => {
    const line = new RegExp(`^${name}: (\\d+) of (\\d+) calls failed`, "m").exec(output);
    return { errors: Number(line?.[1]), calls: Number(line?.[2]) };
  };
  const plain = failed("round robin alone");
  const guarded = failed("with policies.yaml");
  expect(plain.calls).toBeGreaterThan(100);
  expect(guarded.calls).toBeGreaterThan(100);
  // A fifth of the calls go to the instance that fails a third of them.
  expect(plain.errors / plain.calls).toBeGreaterThan(0.02);
  // How the failures fall is chance; in the long run it is less than a hundredth of it.
  expect(guarded.errors / guarded.calls).toBeLessThan(plain.errors / plain.calls / 3);
  expect(output).toMatch(/^stock-4: fails a third +\d+ answers/m);
}, 40_000);

test("the example says what is wrong with its options", () => {
  expect(() =>
    execFileSync(process.execPath, [start, "--seconds", "soon"], { encoding: "utf8", stdio: "pipe" }),
  ).toThrow("--seconds must be a whole number above 0, received soon");
});
