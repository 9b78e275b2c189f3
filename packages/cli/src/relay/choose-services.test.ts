// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { checkFound, isChosen } from "./choose-services.js";

describe("isChosen()", () => {
  it.each([
    ["acme.v1.UserService", [], true],
    ["grpc.testing.TestService", [], true],
    ["grpc.reflection.v1.ServerReflection", [], false],
    ["grpc.reflection.v1alpha.ServerReflection", [], false],
    ["grpc.health.v1.Health", [], false],
    ["grpc.channelz.v1.Channelz", [], false],
    ["acme.v1.UserService", ["acme.v1.Other"], false],
    ["grpc.health.v1.Health", ["grpc.health.v1.Health"], true],
  ])("%s of %j: %s", (name, names, chosen) => expect(isChosen(name, names)).toBe(chosen));
});

describe("checkFound()", () => {
  it("takes what was asked for", () => expect(checkFound(["a.B"], ["a.B"], "x")).toBeUndefined());

  it.each([
    [["a.B"], ["a.B", "a.C", "a.D"], "Cannot bridge a.C, a.D: image.binpb has no such service"],
    [[], [], "Cannot bridge: image.binpb has no service but those about itself. Name one with --service"],
  ])("of %j refuses %j", (found, names, message) => {
    expect(() => checkFound(found, names, "image.binpb")).toThrow(message);
  });
});
