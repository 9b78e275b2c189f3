// SPDX-License-Identifier: Apache-2.0
// docs/security.md says what the code and the attack suite have: every attack, every limit with its default.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defaultLimits } from "@grpc-router/http2";
import { defaultListenerLimits } from "@grpc-router/node";
import { describe, expect, test } from "vitest";
import { limitParts, readPart } from "../attack/docs/security-page.ts";
import { runProcess } from "../harness/processes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(`${root}docs/security.md`, "utf8");
const limits = new Map<string, number>(Object.entries({ ...defaultLimits, ...defaultListenerLimits }));
/** What the suite says of its attacks; in a process of its own, as the suite itself is. */
const listed = await runProcess(process.execPath, [`${root}test/attack/run.ts`, "--list"]);
const attacks = JSON.parse(listed.stdout) as readonly {
  readonly id: string;
  readonly name: string;
  readonly cves: readonly string[];
  readonly limits: readonly string[];
}[];
const rows = Array.from(
  text.matchAll(/^\| \[(A\d+)\]\(\.\.\/test\/attack\/attacks\/([\w-]+)\.ts\) \| ([^|]*) \| ([^|]*)\| ([^|]*) \|$/gm),
  ([, id = "", file = "", name = "", known = "", stops = ""]) => ({ id, file, name, known: known.trim(), stops }),
);

describe("the table of attacks", () => {
  test("has every attack of the suite, by its name and the names it is known by", () => {
    const written = rows.map(({ id, name, known }) => ({ id, name, known }));
    expect(written.length).toBe(29);
    expect(written).toEqual(attacks.map(({ id, name, cves }) => ({ id, name, known: cves.join(", ") })));
  });

  test.each(rows)("$id: leads to its file", ({ id, file }) => {
    expect(file).toMatch(new RegExp(`^a${id.slice(1).padStart(2, "0")}-`));
  });

  test.each(rows)("$id: states limits that exist with the defaults they have", ({ stops }) => {
    const stated = Array.from(stops.matchAll(/`(\w+)` \(([\d,]+)\)/g), ([, name = "", value = ""]) => [name, value]);
    expect(stated).toEqual(stated.map(([name = ""]) => [name, limits.get(name)?.toLocaleString("en-US")]));
  });

  test.each(attacks)("$id: names the limits that the attack must hit", ({ id, limits: hit }) => {
    const { stops = "" } = rows.find((row) => row.id === id) ?? {};
    expect(hit.filter((name) => !stops.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the tables of limits", () => {
  test.each(Object.entries(limitParts()))(
    "%s: is what the sources say (node test/attack/run.ts --list --write-docs writes it)",
    (name, part) => {
      expect(part.split("\n").length).toBeGreaterThan(4);
      expect(readPart(text, name)).toBe(part);
    },
  );
});

test("the results name every attack and every target", () => {
  for (const part of ["harm", "reactions"]) {
    const written = Array.from(readPart(text, part).matchAll(/^\| (A\d+) /gm), ([, id]) => id);
    expect(written).toEqual(attacks.map(({ id }) => id));
    expect(readPart(text, part)).toMatch(/\| gRPC Router \| node:http2 \| HAProxy \| Envoy \|/);
  }
});
