// SPDX-License-Identifier: Apache-2.0
// docs/admin.md lists exactly the kinds of events that a router keeps.
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EventLog } from "@grpc-router/node";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Whether lines of the log with this name are events. */
function isKept(name: string): boolean {
  const log = new EventLog({ log: () => {} }, () => 0);
  log.log("info", name, "");
  return log.events.lastId > 0;
}

/** All words in quotes that the router's packages have in their sources: names of lines are among them. */
function quotedWords(): Set<string> {
  const files = globSync("packages/{runtime,node,cli}/src/**/*.ts", { cwd: root });
  const texts = files
    .filter((file) => !/\.(?:test|suite)\.ts$/.test(file))
    .map((file) => readFileSync(root + file, "utf8"));
  return new Set(texts.flatMap((text) => [...text.matchAll(/"([a-z]+(?:_[a-z]+)*)"/g)].map(([, word = ""]) => word)));
}

test("docs/admin.md has a row for each kind of event", () => {
  const page = readFileSync(`${root}docs/admin.md`, "utf8");
  const [, table = ""] = /\n\| kind \| when \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  const kinds = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, kind = ""]) => kind),
  );
  const known = [...quotedWords()].filter(isKept);
  expect(known.length).toBeGreaterThan(20);
  expect(kinds.toSorted()).toEqual(known.toSorted());
});
