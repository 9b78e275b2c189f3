// SPDX-License-Identifier: Apache-2.0

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRouter, startRunningRouter } from "../admin/running-router.suite.js";
import type { Screen } from "../io.js";

let router: RunningRouter;
beforeAll(async () => {
  router = await startRunningRouter();
});
afterAll(() => router.close());

/** A terminal that a test holds. */
function createScreen() {
  const listeners = { resize: () => {}, key: (_: string) => {} };
  const size = { columns: 80, rows: 24 };
  const screen: Screen = {
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    colour: false,
    onResize: (listener) => {
      listeners.resize = listener;
      return () => {};
    },
    onKey: (listener) => {
      listeners.key = listener;
      return () => {};
    },
  };
  return { screen, size, listeners };
}

describe("grpc-router top", () => {
  it("prints one frame where there is no terminal", async () => {
    const { code, out, err } = await router.ask("top", "--interval", "10ms");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^grpc-router at http:\S+: 2 instances, 1 service, 0 open, 0 waiting\n0 calls\/s, 0 failed\/s/);
    expect(out).toMatch(/\nINSTANCE +SERVICE .*\nnotes-\d +test\.v1\.NoteService +serving /);
  });

  it.each(["q", "\u0003"])("redraws until %j, also when the size changes, and gives the screen back", async (key) => {
    const { screen, size, listeners } = createScreen();
    const { io, done } = router.start(["top", "--interval", "5ms", "--admin", router.adminUrl], { screen });
    await io.until(/notes-1.*notes-1/s);
    Object.assign(size, { columns: 12, rows: 3 });
    const before = io.text.out.length;
    listeners.resize();
    expect(io.text.out.slice(before)).toContain("\u001b[Hgrpc-router \u001b[K\n");
    listeners.key("x");
    listeners.key(key);
    expect(await done).toBe(0);
    expect(io.text.out.startsWith("\u001b[?1049h")).toBe(true);
    expect(io.text.out.endsWith("\u001b[?1049l")).toBe(true);
  });

  it("gives the screen back when the router goes, and says so", async () => {
    const other = await startRunningRouter();
    const { screen } = createScreen();
    const { io, done } = router.start(["top", "--interval", "5ms", "--admin", other.adminUrl], { screen });
    await io.until(/notes-1/);
    await other.close();
    expect(await done).toBe(1);
    expect(io.text.out.endsWith("\u001b[?1049l")).toBe(true);
    expect(io.text.err).toMatch(/^Cannot ask the router at /);
  });
});
