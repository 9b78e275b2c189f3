// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { createRecordingLogger } from "./recording-logger.js";

it("createRecordingLogger() keeps entries in order, by event, until cleared", () => {
  const logger = createRecordingLogger();
  logger.log("info", "registered", "users-1 registered", { id: "users-1" });
  logger.log("warn", "lost", "users-1 is gone");
  expect(logger.entries.map((entry) => entry.level)).toEqual(["info", "warn"]);
  expect(logger.of("lost")).toEqual([{ level: "warn", event: "lost", message: "users-1 is gone", fields: {} }]);
  expect(logger.of("registered")[0]?.fields).toEqual({ id: "users-1" });
  logger.clear();
  expect(logger.entries).toEqual([]);
});
