// SPDX-License-Identifier: Apache-2.0
// The first Ctrl-C ends commands whose router takes the question and never answers.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";

let server: Server;
let url: string;
/** Resolves when the next question is there. */
let asked = Promise.withResolvers<void>();
beforeAll(async () => {
  server = createServer(() => asked.resolve());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** A command that hears Ctrl-C once its question is with the router. */
async function interruptedIn(...args: readonly string[]) {
  asked = Promise.withResolvers();
  const io = createTestIo({
    // A terminal, for what is drawn on one.
    ...(args[0] === "top"
      ? { screen: { columns: 80, rows: 20, colour: false, onResize: () => () => {}, onKey: () => () => {} } }
      : {}),
  });
  const done = run([...args, "--admin", url], io);
  await asked.promise;
  io.interrupt();
  return { code: await done, err: io.text.err };
}

describe("Ctrl-C", () => {
  it.each([
    [["services"]],
    [["instances", "kick", "users-1"]],
    [["drain", "users-1"]],
    [["drain", "--router"]],
    [["log-level", "info"]],
    [["config", "reload"]],
    [["ready"]],
  ])("ends %j with 130 before it is answered", async (args) => {
    const { code, err } = await interruptedIn(...args);
    expect(code).toBe(130);
    expect(err).toMatch(/^Ended before \S*.* ?had answered\n$/);
    expect(err).toContain(url);
  });

  it.each([[["instances", "--watch"]], [["calls", "--watch"]], [["top"]], [["events", "--follow"]]])(
    "ends %j, which lasts until then, with 0",
    async (args) => {
      expect(await interruptedIn(...args)).toEqual({ code: 0, err: "" });
    },
  );

  it("ends config apply while standard input goes on", async () => {
    const io = createTestIo();
    const reading = Promise.withResolvers<void>();
    const input = (async function* () {
      reading.resolve();
      yield new TextEncoder().encode("drain: {");
      await new Promise(() => {});
    })();
    const done = run(["config", "apply", "-", "--admin", url], { ...io, input });
    await reading.promise;
    io.interrupt();
    expect(await done).toBe(130);
    expect(io.text.err).toBe("Ended before standard input had: nothing is applied\n");
  });
});
