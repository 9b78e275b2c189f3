// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { silentLogger } from "./log.js";

test("silentLogger drops everything", () => {
  expect(silentLogger.log("info", "event", "message", { field: 1 })).toBeUndefined();
});
