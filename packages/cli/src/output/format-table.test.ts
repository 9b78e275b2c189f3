// SPDX-License-Identifier: Apache-2.0

import { expect, it } from "vitest";
import { formatTable } from "./format-table.js";

it("formatTable() makes columns as wide as what is shown in them", () => {
  expect(
    formatTable([
      ["A", "B"],
      ["longer", "b"],
    ]),
  ).toBe("A       B\nlonger  b\n");
});

it.each([
  ["a line of its own", "eu\nusers-2  serving", "eu\\u{a}users-2  serving"],
  ["orders to the terminal", "\u001b[2J\u009b1m", "\\u{1b}[2J\\u{9b}1m"],
  ["another direction of writing", "a\u202eb", "a\\u{202e}b"],
])("formatTable() lets no cell have %s", (_, cell, shown) => {
  expect(
    formatTable([
      ["LABELS", "PEER"],
      [cell, "p"],
    ]),
  ).toBe(`${"LABELS".padEnd(shown.length)}  PEER\n${shown}  p\n`);
});
