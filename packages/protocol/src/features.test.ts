// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { Feature, knownFeatures } from "./features.js";

it("knownFeatures() leaves out what is unknown and what comes twice", () => {
  expect(knownFeatures(["demand", "later", "demand", "routers"])).toEqual([Feature.routers, Feature.demand]);
  expect(knownFeatures([])).toEqual([]);
});
