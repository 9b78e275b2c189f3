// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { type LearnFlags, learnsOf } from "./learns-of.js";

const nothing: LearnFlags = {
  allow: [],
  module: [],
  descriptorSet: [],
  descriptorDir: [],
  host: "127.0.0.1",
  wantsCredentials: false,
};
const names = ["acme.user.v1.UserService", "acme.Order", "other.v1.Service"];

describe("learnsOf()", () => {
  it.each<[string, Partial<LearnFlags>, readonly string[]]>([
    ["nothing on this machine", {}, names],
    ["nothing elsewhere, with credentials", { host: "0.0.0.0", wantsCredentials: true }, names],
    ["a pattern", { allow: ["acme.**"] }, ["acme.user.v1.UserService", "acme.Order"]],
    ["patterns, elsewhere", { allow: ["acme.*", "other.v1.Service"], host: "::" }, ["acme.Order", "other.v1.Service"]],
    ["a pattern beside a schema", { allow: ["acme.*"], module: ["x.js"] }, ["acme.Order"]],
    ["a module", { module: ["x.js"] }, []],
    ["a set", { descriptorSet: ["x.binpb"] }, []],
    ["a folder", { descriptorDir: ["sets"] }, []],
  ])("with %s", (_what, flags, learnt) => {
    const learns = learnsOf({ ...nothing, ...flags });
    expect(names.filter((name) => learns?.(name) === true)).toEqual(learnt);
  });

  it("refuses to wait for services that nobody may bring", () => {
    expect(() => learnsOf({ ...nothing, host: "0.0.0.0" })).toThrow(
      /^Cannot serve on 0\.0\.0\.0 without services: .* Give --descriptor-set, --descriptor-dir or --module, or --allow/,
    );
  });
});
