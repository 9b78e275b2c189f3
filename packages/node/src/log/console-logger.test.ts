// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { createConsoleLogger } from "./console-logger.js";

function capture(options: { readonly level?: "debug" | "warn" | "silent"; readonly isTTY?: boolean } = {}) {
  const lines: string[] = [];
  const logger = createConsoleLogger({
    ...(options.level === undefined ? {} : { level: options.level }),
    now: () => 0,
    stream: { isTTY: options.isTTY, write: (text) => lines.push(text) },
  });
  return { logger, lines };
}

describe("createConsoleLogger()", () => {
  it.each([
    { fields: undefined, tail: "" },
    {
      fields: { service: "acme.user.v1.UserService", open: 3, big: 7n },
      tail: " service=acme.user.v1.UserService open=3 big=7",
    },
    { fields: { waitMs: 88.57018934106048, share: 0.5 }, tail: " waitMs=88.57 share=0.5" },
    { fields: { absent: undefined, none: null, no: false }, tail: " none=null no=false" },
    { fields: { text: "two words", quote: 'a"b' }, tail: ' text="two words" quote="a\\"b"' },
    {
      fields: { list: ["a.B", "c.D"], none: [], odd: ["two words"] },
      tail: ' list=[a.B,c.D] none=[] odd="[two words]"',
    },
    { fields: { object: { a: [1, 2n] } }, tail: ' object="{\\"a\\":[1,\\"2\\"]}"' },
    { fields: { empty: "", line: "a\nb" }, tail: ' empty="" line="a\\nb"' },
  ])("writes one line with fields $fields", ({ fields, tail }) => {
    const { logger, lines } = capture();
    logger.log("info", "instance_registered", "users-1 registered", fields);
    expect(lines).toEqual([`1970-01-01T00:00:00.000Z info  users-1 registered event=instance_registered${tail}\n`]);
  });

  it("passes over what is below the level", () => {
    const { logger, lines } = capture({ level: "warn" });
    for (const level of ["debug", "info", "warn", "error"] as const) logger.log(level, "e", level);
    expect(lines.map((line) => line.split(" ")[1])).toEqual(["warn", "error"]);
    const silent = capture({ level: "silent" });
    silent.logger.log("error", "e", "m");
    expect(silent.lines).toEqual([]);
  });

  it("lets no message forge a line or colour a terminal", () => {
    const { logger, lines } = capture();
    logger.log("warn", "e", "a\r\nb\u001b[31m\u2028\u009b", { field: "\u009b1m" });
    expect(lines[0]).toBe(
      '1970-01-01T00:00:00.000Z warn  a\\u000d\\u000ab\\u001b[31m\\u2028\\u009b event=e field="\\u009b1m"\n',
    );
  });

  it("cuts long values but never a stack", () => {
    const { logger, lines } = capture();
    logger.log("error", "e", "m", { long: "x".repeat(2_000), error: new Error("boom") });
    expect(lines[0]).toContain(`x…" error="Error: boom\\n    at `);
    expect(lines[0]?.split("\n").length).toBe(2);
  });

  it("colours the level on a terminal and gives a stack its own lines", () => {
    const { logger, lines } = capture({ isTTY: true });
    logger.log("error", "handler_failed", "GetUser failed", { method: "GetUser", stack: "Error: boom\n  at x" });
    expect(lines[0]).toBe(
      "1970-01-01T00:00:00.000Z \u001b[31merror\u001b[0m GetUser failed event=handler_failed method=GetUser\n    Error: boom\n      at x\n",
    );
  });
});
