// SPDX-License-Identifier: Apache-2.0

import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createConsoleLogger } from "./console-logger.js";
import { LogLevels } from "./log-levels.js";
import { logModules, moduleOfEvent } from "./log-modules.js";

describe("LogLevels", () => {
  it("passes() what is at or above the level of the line's module, else of everything", () => {
    const levels = new LogLevels("warn");
    const passed = () => [
      levels.passes("info", "registered"),
      levels.passes("warn", "registered"),
      levels.passes("debug", "ejected"),
    ];
    expect(passed()).toEqual([false, true, false]);
    levels.set("debug", "policy");
    expect(passed()).toEqual([false, true, true]);
    levels.set("silent");
    levels.set("info", "registry");
    expect(passed()).toEqual([true, true, true]);
    expect([levels.level, levels.modules]).toEqual(["silent", { policy: "debug", registry: "info" }]);
    levels.set("", "policy");
    levels.set("", "registry");
    expect(passed()).toEqual([false, false, false]);
    expect(levels.modules).toEqual({});
  });

  it.each([
    ["loud", "", 'it must be one of debug, info, warn, error, silent, received "loud"'],
    ["", "", 'it must be one of debug, info, warn, error, silent, received ""'],
    ["info", "polisy", /the module must be one of registry, policy, .*, received "polisy"/],
    ["info", "constructor", "the module must be one of"],
  ])("set(%j, %j) is refused", (level, module, text) => {
    const levels = new LogLevels();
    expect(() => levels.set(level, module)).toThrow(text);
    expect([levels.level, levels.modules]).toEqual(["info", {}]);
  });

  it("counts for a console logger from the next line on", () => {
    const levels = new LogLevels();
    let text = "";
    const logger = createConsoleLogger({ level: levels, stream: { write: (piece) => (text += piece) }, now: () => 0 });
    logger.log("debug", "ejected", "one");
    levels.set("debug", "policy");
    logger.log("debug", "ejected", "two");
    logger.log("debug", "registered", "three");
    expect(text).toBe("1970-01-01T00:00:00.000Z debug two event=ejected\n");
  });
});

describe("moduleOfEvent()", () => {
  it.each([
    ["registered", "registry"],
    ["credentials_reloaded", "registry"],
    ["breaker_opened", "policy"],
    ["connection_refused", "connections"],
    ["certificate_expired", "tls"],
    ["config_applied", "config"],
    ["operator_kick", "operator"],
    ["listening", "router"],
    ["what_nobody_writes", "router"],
  ])("of %s is %s", (event, module) => expect(moduleOfEvent(event)).toBe(module));

  it("gives every module some event that the router's code writes", () => {
    const folder = fileURLToPath(new URL("../../..", import.meta.url));
    const files = globSync(["runtime/src/**/*.ts", "node/src/**/*.ts", "cli/src/**/*.ts"], { cwd: folder });
    const source = files
      .filter((file) => !/\.(test|suite)\.ts$/.test(file))
      .map((file) => readFileSync(`${folder}/${file}`, "utf8"));
    const events = source.flatMap(
      (text) => text.match(/(?<=(?:log|#log)\(\s*(?:"\w+",\s*)?")[a-z]+_?[a-z_]*(?=",)/g) ?? [],
    );
    const written = new Set(events.map(moduleOfEvent));
    expect(logModules.filter((module) => !written.has(module))).toEqual([]);
  });
});
