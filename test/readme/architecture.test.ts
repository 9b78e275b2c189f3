// SPDX-License-Identifier: Apache-2.0
// The table of rooms in docs/architecture.md is the one that scripts/check-layers.mjs enforces.
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(`${root}docs/architecture.md`, "utf8");

interface Layers {
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  readonly inExamples: readonly string[];
}

test("every room has its line, with what it may import", async () => {
  const { rooms, inExamples } = (await import(`${root}scripts/layers.mjs`)) as Layers;
  const enforced = Object.entries(rooms).map(([room, allowed]) => [`packages/${room}`, namesOf(allowed)]);
  expect(tableOfRooms()).toEqual(new Map([...enforced, ["examples/", namesOf(inExamples)]] as [string, string[]][]));
});

test("every package is a room", async () => {
  const packages = globSync("packages/*/package.json", { cwd: root }).map((file) => file.replace("/package.json", ""));
  expect([...tableOfRooms().keys()].filter((room) => room.startsWith("packages/")).sort()).toEqual(packages.sort());
});

/** What each room of the page may import, by its folder; `test/`, which may import anything, is left out. */
function tableOfRooms(): Map<string, string[]> {
  const rows = Array.from(text.matchAll(/^\| [0-9–] \| `([^`]+)`[^|]* \|[^|]*\| ([^|]+) \|$/gm));
  const rooms = rows.filter(([, folder]) => folder !== "test/");
  return new Map(
    rooms.map(([, folder = "", names = ""]) => [folder, names === "nothing" ? [] : names.split(", ").sort()]),
  );
}

/** As the page says it: the project's own packages without scope, `node:` for all modules of Node. */
function namesOf(allowed: readonly string[]): string[] {
  return allowed.map((name) => (name === "node" ? "node:" : name.replace("@grpc-router/", ""))).sort();
}
