// SPDX-License-Identifier: Apache-2.0
// top as people see it: the built binary on a real terminal (script of util-linux makes one), beside a router that runs.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRouter, startRunningRouter } from "../admin/running-router.suite.js";

const binary = fileURLToPath(new URL("../../bin/grpc-router.js", import.meta.url));
const built =
  existsSync(fileURLToPath(new URL("../../dist/commands/top.js", import.meta.url))) || process.env.CI === "true";

let router: RunningRouter;
beforeAll(async () => {
  router = await startRunningRouter();
});
afterAll(() => router.close());

/** Runs top on a terminal of this size until `pattern` has come, then presses `key`. */
function watchTop(size: string, pattern: RegExp, key: string, env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number | null; text: string }>((resolve, reject) => {
    const top = `'${process.execPath}' '${binary}' top --interval 20ms --admin ${router.adminUrl}`;
    const command = `stty ${size}; exec ${top}`;
    const options = { env: { ...process.env, TERM: "xterm", ...env } };
    const terminal = spawn("script", ["-qefc", command, "/dev/null"], options);
    let text = "";
    let pressed = false;
    terminal.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (pressed || !pattern.test(text)) return;
      pressed = true;
      terminal.stdin.write(key);
    });
    terminal.on("error", reject);
    terminal.on("close", (code) => resolve({ code, text }));
  });
}

describe.skipIf(!built)("grpc-router top on a terminal (built by: npm run build)", () => {
  it.concurrent.each<[key: string, env: Readonly<Record<string, string>>]>([
    ["q", {}],
    ["\u0003", { NO_COLOR: "1" }],
  ])("draws in colour unless NO_COLOR, and ends with %j", async (key, env) => {
    const { code, text } = await watchTop("cols 60 rows 8", /notes-2.*notes-2/s, key, env);
    expect(code).toBe(0);
    expect(text).toContain("\u001b[?1049h\u001b[?25l");
    expect(text.trimEnd().endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
    expect(text.includes("\u001b[32mserving")).toBe(env.NO_COLOR === undefined);
    const frames = text.split("\u001b[H").slice(1);
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames) {
      const lines = stripVTControlCharacters(frame).trimEnd().split("\r\n");
      expect(lines.length).toBeLessThanOrEqual(8);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    }
  });
});
