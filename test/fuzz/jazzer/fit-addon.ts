// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The fuzzer's native addon, in a form that this machine's libraries can load. */
export interface FittedAddon {
  /** Where the npm package has it. */
  readonly original: string;
  /** What to load in its place; the original where that does. */
  readonly path: string;
  /** A library to preload, if the machine's own lack something. */
  readonly preload?: string;
}

const cache = new URL("../../../.cache/tools/jazzer/", import.meta.url).pathname;
/** Section type of the versions that a library needs of others (`.gnu.version_r`). */
const versionNeeds = 0x6fff_fffe;
/** A version that may be missing. */
const weak = 2;

/**
 * The addon is built for glibc 2.38 and GCC 13's C++ library. Debian 12 has 2.36 and 12, which lack three symbols of
 * it; `glibc-shim.cpp` has those. Versions that may be missing are a flag in the file, so a copy with that flag loads.
 */
export function fitAddon(): FittedAddon {
  const manifest = createRequire(import.meta.url).resolve("@jazzer.js/fuzzer/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const packageDir = dirname(manifest);
  const original = join(packageDir, "prebuilds", `fuzzer-${process.platform}-${process.arch}.node`);
  if (process.platform !== "linux" || !needsFitting()) return { original, path: original };
  const path = join(cache, `fuzzer-${version}.node`);
  const preload = join(cache, "glibc-shim.so");
  if (!existsSync(path) || !existsSync(preload)) {
    mkdirSync(cache, { recursive: true });
    const source = new URL("glibc-shim.cpp", import.meta.url).pathname;
    execFileSync("g++", ["-shared", "-fPIC", "-O1", "-o", preload, source], { stdio: "inherit" });
    writeFileSync(path, withWeakVersions(readFileSync(original)));
  }
  return { original, path, preload };
}

function needsFitting(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const [major = 0, minor = 0] = (report.header?.glibcVersionRuntime ?? "9.9").split(".").map(Number);
  return major === 2 && minor < 38;
}

/** Marks each needed version as one that may be missing: a walk over the section's two linked lists (64-bit ELF). */
function withWeakVersions(file: Buffer): Buffer {
  const sections = Number(file.readBigUInt64LE(0x28));
  const entrySize = file.readUInt16LE(0x3a);
  for (let index = 0; index < file.readUInt16LE(0x3c); index++) {
    const section = sections + index * entrySize;
    if (file.readUInt32LE(section + 4) === versionNeeds) markWeak(file, Number(file.readBigUInt64LE(section + 0x18)));
  }
  return file;
}

function markWeak(file: Buffer, start: number): void {
  let need = start;
  for (;;) {
    let version = need + file.readUInt32LE(need + 8);
    for (let left = file.readUInt16LE(need + 2); left > 0; left--) {
      file.writeUInt16LE(file.readUInt16LE(version + 4) | weak, version + 4);
      version += file.readUInt32LE(version + 12);
    }
    const next = file.readUInt32LE(need + 12);
    if (next === 0) return;
    need += next;
  }
}
