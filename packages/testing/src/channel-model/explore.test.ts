// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { explore } from "./explore.js";
import type { ModelBug, ModelConfig } from "./model-state.js";

const base: ModelConfig = {
  idempotent: [false],
  processes: 1,
  maxChannels: 2,
  faults: 1,
  drains: 1,
  cancels: true,
  deadlines: true,
  holds: false,
};

const worlds: readonly (readonly [name: string, config: ModelConfig])[] = [
  ["one call, one process", base],
  ["one call that may run twice", { ...base, idempotent: [true] }],
  ["one call, held for Previous", { ...base, holds: true }],
  ["one call, two processes", { ...base, processes: 2, maxChannels: 3, deadlines: false }],
  ["two calls, a fault", { ...base, idempotent: [false, true], cancels: false, deadlines: false, drains: 0 }],
  ["two calls, a drain", { ...base, idempotent: [false, false], cancels: false, deadlines: false, faults: 0 }],
];

describe("the state tables of a call", () => {
  it.each(worlds)(
    "hold in every interleaving: %s",
    (_, config) => {
      const { states, violation } = explore(config);
      expect(violation).toBeUndefined();
      // A world in which little happens says little.
      expect(states).toBeGreaterThan(10_000);
    },
    120_000,
  );

  const bugs: readonly (readonly [bug: ModelBug, message: RegExp])[] = [
    ["mark after user code", /a payload came before its mark/],
    ["mark not before the answer", /an End of user code came before its mark/],
    ["drain below a begun call", /ran twice/],
    ["previous moves begun calls", /ran twice/],
    ["lost call moves without proof", /ran twice/],
    ["late frames of a closed channel count", /CALL_UNKNOWN/],
    ["cancel frees the slot", /whose slot is free/],
    ["drained instance runs late starts", /whose slot is free/],
  ];
  it.each(bugs)("do not hold once a rule is broken: %s", (bug, message) => {
    const { violation } = explore({ ...base, bug });
    expect(violation?.message).toMatch(message);
    expect(violation?.path[0]).toBe("start 0 on 0");
  });
});
