// SPDX-License-Identifier: Apache-2.0
// What would be published, as npm packs it: publint and attw have nothing to complain of, no tests are in it, and its sizes
// are those of docs/releasing.md, or close. `node scripts/check-packages.mjs [--write-docs]`; build first.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSizes, sizeTable, withSizes } from "./package-sizes.mjs";
import { packAll } from "./packages.mjs";

const page = "docs/releasing.md";
/** A size may grow or shrink by this share before the page has to say so. */
const tolerance = 0.25;
const faults = [];

const folder = mkdtempSync(join(tmpdir(), "grpc-router-packed-"));
try {
  const packed = packAll(folder);
  for (const { name, filename, files } of packed) {
    const tarball = join(folder, filename);
    run(name, "publint", ["run", tarball, "--strict"]);
    // ESM only: Node 22, which is the least here, loads ESM by require(), too.
    run(name, "attw", [tarball, "--profile", "esm-only", "--format", "ascii"]);
    const strays = files
      .map(({ path }) => path)
      .filter((path) => /\.(test|suite)\.|tsbuildinfo|node_modules/.test(path));
    for (const path of strays) faults.push(`${name}: ${path} must not be published`);
  }
  if (process.argv.includes("--write-docs")) {
    writeFileSync(page, withSizes(readFileSync(page, "utf8"), sizeTable(packed)));
  } else checkSizes(packed);
} finally {
  rmSync(folder, { recursive: true });
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? "packages: publint, attw and sizes are fine" : `packages: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

function run(name, tool, args) {
  const { status, stdout, stderr, error } = spawnSync(`node_modules/.bin/${tool}`, args, { encoding: "utf8" });
  if (status === 0) return;
  faults.push(`${name}: ${tool} complains:\n${error?.message ?? `${stdout}${stderr}`.trim()}`);
}

function checkSizes(packed) {
  const said = readSizes(readFileSync(page, "utf8"));
  for (const { name, size, unpackedSize, entryCount } of packed) {
    const then = said.get(name);
    const now = [size / 1_024, unpackedSize / 1_024, entryCount];
    const isFar = then === undefined || now.some((value, at) => Math.abs(value - then[at]) > 2 + then[at] * tolerance);
    if (isFar) faults.push(`${name}: ${page} says another size; run: npm run check:packages -- --write-docs`);
  }
  for (const name of said.keys()) {
    if (!packed.some((one) => one.name === name)) faults.push(`${page} lists ${name}, which is not published`);
  }
}
