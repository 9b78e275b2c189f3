// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRouter, startRunningRouter } from "../admin/running-router.suite.js";

let router: RunningRouter;
const folder = mkdtempSync(join(tmpdir(), "profile-"));
beforeAll(async () => {
  router = await startRunningRouter();
});
afterAll(async () => {
  await router.close();
  rmSync(folder, { recursive: true });
});

const start = (...args: readonly string[]) =>
  router.start(["profile", ...args, "--admin", router.adminUrl], { folder, isTerminal: true });

describe("grpc-router profile", () => {
  it("cpu writes a profile that only its owner reads, with progress", async () => {
    const { io, done } = start("cpu", "--seconds", "0.02", "-f", "a.cpuprofile");
    expect(await done).toBe(0);
    expect(io.text.out).toMatch(/^a\.cpuprofile has \S+ bytes\. Open it in Chrome DevTools/);
    expect(io.text.err).toMatch(/Looking: \S+ of 20ms/);
    expect(JSON.parse(readFileSync(join(folder, "a.cpuprofile"), "utf8")).samples.length).toBeGreaterThan(0);
    expect(statSync(join(folder, "a.cpuprofile")).mode & 0o777).toBe(0o600);
  });

  it("cpu keeps a file that is there", async () => {
    const { io, done } = start("cpu", "--seconds", "0.02", "-f", "b.cpuprofile");
    expect(await done).toBe(0);
    const again = start("cpu", "--seconds", "0.02", "-f", "b.cpuprofile");
    expect(await again.done).toBe(1);
    expect(again.io.text.err).toBe(
      "Cannot write the profile to b.cpuprofile: there is one already. Give another with --file\n",
    );
    expect(io.text.out).toContain("b.cpuprofile has");
  });

  it("cpu leaves no file behind when it is stopped, nor when it is refused", async () => {
    const before = readdirSync(folder);
    const { io, done } = start("cpu", "--seconds", "600");
    await io.until(/Looking/);
    const other = start("cpu", "--seconds", "1", "-f", "c.cpuprofile");
    expect(await other.done).toBe(1);
    expect(other.io.text.err).toContain("another one is being taken");
    io.interrupt();
    expect(await done).toBe(1);
    expect(io.text.err).toContain("nothing is written");
    expect(readdirSync(folder)).toEqual(before);
  });

  it("heap writes a snapshot, with --yes only", async () => {
    const refused = start("heap");
    expect(await refused.done).toBe(2);
    expect(refused.io.text.err).toMatch(/without --yes: the router stands still .* tokens, keys and messages in clear/);
    const { io, done } = start("heap", "--yes", "-f", "a.heapsnapshot");
    expect(await done).toBe(0);
    expect(io.text.out).toContain("It has secrets in it");
    expect(readFileSync(join(folder, "a.heapsnapshot"), "utf8")).toMatch(/^\{"snapshot":.*\}\s*$/s);
  });

  it.each([
    [["cpu", "--seconds", "0"], /Write a number of seconds/],
    [["cpu", "--seconds", "601"], /must last 1 ms to 10 min/],
  ])("%j is wrong usage", async (args, text) => {
    const { io, done } = start(...args);
    expect(await done).toBe(2);
    expect(io.text.err).toMatch(text);
  });
});
