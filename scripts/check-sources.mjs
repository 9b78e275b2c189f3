// SPDX-License-Identifier: Apache-2.0
// Rules of CONTRIBUTING.md that no linter knows: the license line, file length, casts to any, words of unfinished work.
import { globSync, readFileSync } from "node:fs";

const maxLines = 400;
const faults = [];
const files = globSync([
  "packages/*/src/**/*.ts",
  "examples/*/src/**/*.ts",
  "test/**/*.ts",
  "scripts/*.mjs",
  "*.config.ts",
]);
// Written in pieces, so that this file does not find itself.
const unfinished = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);
const generated = /(^|\/)(gen|golden|dist|node_modules)\/|_pb\.ts$/;

for (const file of files.filter((name) => !generated.test(name)).sort()) {
  const lines = readFileSync(file, "utf8").split("\n");
  const first = lines[0]?.startsWith("#!") ? lines[1] : lines[0];
  if (!first?.includes("SPDX-License-Identifier: Apache-2.0")) faults.push(`${file}:1: the license line is missing`);
  if (lines.length > maxLines + 1)
    faults.push(`${file}: ${lines.length} lines, at most ${maxLines}: split it along its reasons to exist`);
  lines.forEach((line, index) => {
    if (unfinished.test(line)) faults.push(`${file}:${index + 1}: finish it or file it`);
  });
}

if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
