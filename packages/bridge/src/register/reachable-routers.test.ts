// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { reachableRouters } from "./reachable-routers.js";

describe("reachableRouters()", () => {
  it.each<[string, configured: string[], names: Record<string, string[]>, limit: number, found: string[]]>([
    ["nobody names any", ["a", "b"], {}, 16, ["a", "b"]],
    ["names of a configured one", ["a"], { a: ["b", "c"] }, 16, ["a", "b", "c"]],
    ["names of a named one", ["a"], { a: ["b"], b: ["c"], c: ["d"] }, 16, ["a", "b", "c", "d"]],
    ["each once", ["a", "b", "a"], { a: ["b", "a", "c"], b: ["c", "a"] }, 16, ["a", "b", "c"]],
    ["not those that only name each other", ["a"], { b: ["c"], c: ["b"] }, 16, ["a"]],
    ["the nearest first", ["a", "b"], { a: ["c"], b: ["d"], c: ["e"] }, 4, ["a", "b", "c", "d"]],
    ["all that are configured", ["a", "b", "c"], { a: ["d"] }, 2, ["a", "b", "c"]],
  ])("%s", (_name, configured, names, limit, found) => {
    expect(reachableRouters(configured, (url) => names[url] ?? [], limit)).toEqual(found);
  });
});
