// SPDX-License-Identifier: Apache-2.0
// Holds every import in packages/ and examples/ against the table of rooms in docs/architecture.md: arrows point down only.
import { globSync, readFileSync } from "node:fs";
import { inExamples, inTests, rooms } from "./layers.mjs";

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?[\s}]from\s*["']([^"']+)["']|(?:^|[^.\w])import\(\s*["']([^"']+)["']\s*\)/g;
const faults = [];

function check(file, allowed) {
  const text = readFileSync(file, "utf8");
  for (const match of text.matchAll(importPattern)) {
    const name = match[1] ?? match[2];
    if (name.startsWith(".")) {
      const climbs = name.split("/").filter((part) => part === "..").length;
      const depth = file.split("/").length - 3; // packages/x/src/… or examples/x/src/…
      if (climbs > depth) faults.push(`${file}: ${name} leaves its package; import the package by its name`);
      continue;
    }
    const parts = name.split("/");
    const root = name.startsWith("node:") ? "node" : parts.slice(0, name.startsWith("@") ? 2 : 1).join("/");
    if (!allowed.includes(root)) faults.push(`${file}: may not import ${name}`);
  }
}

for (const [room, allowed] of Object.entries(rooms)) {
  for (const file of globSync(`packages/${room}/src/**/*.ts`)) {
    if (/\/golden\//.test(file)) continue;
    check(file, /\.(test|suite)\.ts$/.test(file) ? [...allowed, ...inTests] : allowed);
  }
}
for (const file of globSync("examples/*/src/**/*.ts")) check(file, inExamples);

if (faults.length > 0) {
  console.error(`${faults.join("\n")}\n${faults.length} imports break the layers of docs/architecture.md`);
  process.exit(1);
}
