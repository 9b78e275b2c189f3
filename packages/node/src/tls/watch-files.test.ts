// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { watchFiles } from "./watch-files.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-watch-"));
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});
afterAll(() => rmSync(folder, { recursive: true }));

function watched(paths: readonly string[], texts: readonly string[]) {
  const onChange = vi.fn();
  const end = watchFiles(paths, { intervalMs: 10, texts, onChange });
  ends.push(end);
  return Object.assign(onChange, { end });
}

describe("watchFiles()", () => {
  it("calls once when a link to the folder of the files is turned, as Kubernetes does", async () => {
    for (const version of ["1", "2"]) {
      mkdirSync(join(folder, version));
      for (const name of ["cert.pem", "key.pem"]) writeFileSync(join(folder, version, name), `${name} ${version}`);
    }
    symlinkSync("1", join(folder, "..data"));
    const paths = ["cert.pem", "key.pem"].map((name) => join(folder, name));
    for (const name of ["cert.pem", "key.pem"]) symlinkSync(join("..data", name), join(folder, name));
    const onChange = watched(paths, ["cert.pem 1", "key.pem 1"]);
    symlinkSync("2", join(folder, "..next"));
    renameSync(join(folder, "..next"), join(folder, "..data"));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
    rmSync(join(folder, "2", "key.pem"));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2));
  });

  it("finds a change that was made before its first look, and nothing where there is none", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "new");
    const same = watched([path], ["new"]);
    const ended = watched([path], ["old"]);
    ended.end();
    const other = watched([path], ["old"]);
    await vi.waitFor(() => expect(other).toHaveBeenCalledTimes(1));
    expect(same).not.toHaveBeenCalled();
    expect(ended).not.toHaveBeenCalled();
  });
});
