// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { createJsonLogger } from "./json-logger.js";
import { LogLevels } from "./log-levels.js";

function createLog(level: "debug" | "info" | "silent" | LogLevels = "info") {
  let text = "";
  const write = (piece: string) => {
    text += piece;
  };
  const logger = createJsonLogger({ level, stream: { write }, now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
  return {
    logger,
    text: () => text,
    lines: () =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
  };
}

describe("createJsonLogger()", () => {
  it("writes one object a line, whose names stay", () => {
    const { logger, text } = createLog();
    logger.log("info", "registered", "users-1 registered", { instance: "users-1", calls: 3, gone: undefined });
    expect(text()).toBe(
      `{"level":"info","time":"2026-01-02T03:04:05.006Z","module":"registry","event":"registered","instance":"users-1","calls":3,"message":"users-1 registered"}\n`,
    );
  });

  it("keeps what peers say within its line", () => {
    const { logger, lines } = createLog();
    const forged = 'a"}\n{"level":"error","message":"forged';
    logger.log("warn", "refused", forged, { detail: forged, "\n": 1 });
    expect(lines()).toMatchObject([{ level: "warn", message: forged, detail: forged }]);
  });

  it("has a form for what JSON has none for, and own names for its own", () => {
    const { logger, lines } = createLog();
    const error = new Error("planted");
    const circle: Record<string, unknown> = {};
    circle.own = circle;
    logger.log("error", "odd", "odd", { big: 2n ** 60n, error, level: 7, event: "x", circle });
    const [line] = lines();
    expect(line).toMatchObject({ level: "error", level_: 7, event: "odd", event_: "x", big: "1152921504606846976" });
    expect(line.error).toContain("Error: planted\n    at ");
  });

  it("obeys levels that change, of everything and of modules", () => {
    const levels = new LogLevels("warn");
    const { logger, lines } = createLog(levels);
    logger.log("info", "registered", "1");
    levels.set("info", "registry");
    logger.log("info", "registered", "2");
    logger.log("info", "tls_renewed", "3");
    levels.set("silent");
    logger.log("error", "tls_failed", "4");
    expect(lines().map(({ message }) => message)).toEqual(["2"]);
  });
});
