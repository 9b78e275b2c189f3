// SPDX-License-Identifier: Apache-2.0
import { createRecordingLogger } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { maxEventTextChars } from "../limits.js";
import { EventLog } from "./event-log.js";

describe("EventLog", () => {
  it("passes every line on, and keeps those that are events", () => {
    const logger = createRecordingLogger();
    let nowMs = 1_000;
    const log = new EventLog(logger, () => nowMs++);
    log.log("info", "registered", "users-1 registered", {
      instance: "users-1",
      missing: ["A", "B"],
      reason: undefined,
    });
    log.log("warn", "call_stuck", "one call");
    log.log("info", "config_applied", "generation 2");
    log.log("info", "operator_kick", "users-1");
    expect(logger.entries).toHaveLength(4);
    expect(log.events.read(0).events).toEqual([
      {
        id: 1,
        timeMs: 1_000,
        kind: "registered",
        level: "info",
        message: "users-1 registered",
        fields: { instance: "users-1", missing: "A,B" },
      },
      { id: 2, timeMs: 1_001, kind: "config_applied", level: "info", message: "generation 2", fields: {} },
      { id: 3, timeMs: 1_002, kind: "operator_kick", level: "info", message: "users-1", fields: {} },
    ]);
  });

  it("cuts what peers may have made long", () => {
    const log = new EventLog(createRecordingLogger(), () => 0);
    const long = "x".repeat(10_000);
    log.log("warn", "lost", long, { long });
    const [event] = log.events.read(0).events;
    expect(event?.message).toHaveLength(maxEventTextChars);
    expect(event?.fields.long).toHaveLength(maxEventTextChars);
  });
});
