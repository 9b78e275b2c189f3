// SPDX-License-Identifier: Apache-2.0
// The table of docs/reliability.md for operators: its reasons, events and tests are there.
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { reasons } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { sectionOf } from "./markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const section = sectionOf(readFileSync(`${root}docs/reliability.md`, "utf8"), "What happens when");
const [, , ...rows] = section.split("\n").filter((line) => line.startsWith("|"));
const cells = (row: string) =>
  row
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
/** What is named in code style. */
const codes = (text: string) => Array.from(text.matchAll(/`([^`]+)`/g), ([, code = ""]) => code);

/** Words in code style of the operator's column that are no events of a log. */
const commands = new Set(["grpc-router instances", "instances", "/ready"]);
const sources = globSync("packages/{runtime,bridge,node,cli}/src/**/*.ts", { cwd: root })
  .filter((file) => !/\.(test|suite)\.ts$/.test(file))
  .map((file) => readFileSync(root + file, "utf8"))
  .join("\n");

describe("what happens when", () => {
  test("has rows that say everything", () => {
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter((row) => cells(row).length !== 6 || cells(row).includes(""))).toEqual([]);
  });

  describe.each(rows.map((row) => [cells(row)[0] ?? "", cells(row)] as const))("%s", (_what, row) => {
    const [, client = "", operator = "", , , tests = ""] = row;

    test("names reasons that exist", () => {
      const words = codes(`${client} ${operator}`).filter((code) => /^[A-Z]+_[A-Z_]+$/.test(code));
      expect(words.filter((word) => !Object.hasOwn(reasons, word))).toEqual([]);
    });

    test("names events that somebody logs", () => {
      const events = codes(operator).filter((code) => !/^[A-Z_]+$/.test(code) && !commands.has(code));
      expect(events.filter((event) => !sources.includes(`"${event}"`))).toEqual([]);
    });

    test("names tests that are there", () => {
      const named = Array.from(tests.matchAll(/`([^`]+)` "([^"]+)"/g), ([, file = "", name = ""]) => ({ file, name }));
      expect(named.length).toBeGreaterThan(0);
      const missing = named.filter(({ file, name }) => {
        return !existsSync(root + file) || !readFileSync(root + file, "utf8").includes(name);
      });
      expect(missing).toEqual([]);
    });
  });
});
