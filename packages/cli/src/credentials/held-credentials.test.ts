// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { HeldCredentials } from "./held-credentials.js";

const credentials = (...tokens: readonly string[]) => [
  { name: "notes", services: ["*"], tokens: tokens.map((value) => ({ value })) },
];

describe("HeldCredentials", () => {
  it("take() gives the router others, once", () => {
    const given: unknown[] = [];
    const server = { reloadCredentials: (next: unknown) => void given.push(next) };
    const held = new HeldCredentials(credentials("a"));
    const took = [["a"], ["a", "b"], ["a", "b"], ["a"]].map((tokens) => held.take(server, credentials(...tokens)));
    expect(took).toEqual([false, true, false, true]);
    expect(given).toEqual([credentials("a", "b"), credentials("a")]);
  });

  it("take() keeps what the router has if it refuses", () => {
    const held = new HeldCredentials(credentials("a"));
    const refusing = {
      reloadCredentials: () => {
        throw new Error("refused");
      },
    };
    expect(() => held.take(refusing, credentials("b"))).toThrow("refused");
    expect(held.take({ reloadCredentials: () => {} }, credentials("b"))).toBe(true);
  });
});
