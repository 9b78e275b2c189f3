// SPDX-License-Identifier: Apache-2.0
// The commands of operators, against one router that runs.

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { type RunningRouter, startRunningRouter } from "../admin/running-router.suite.js";

let router: RunningRouter;
beforeAll(async () => {
  router = await startRunningRouter();
});
afterAll(() => router.close());

/** What a command that must work writes. */
async function ask(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await router.ask(...args);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

const untilOpen = (count: number) =>
  vi.waitFor(async () => expect(JSON.parse(await ask("calls", "-o", "json")).matched ?? "0").toBe(`${count}`));

describe("grpc-router instances", () => {
  it("lists as a table, JSON and YAML", async () => {
    expect(await ask("instances")).toMatch(
      /^SERVICE +INSTANCE +STATE .*\ntest\.v1\.NoteService +notes-1 +serving +0 +4096 .*zone=here.*\ntest\.v1\.NoteService +notes-2 /,
    );
    const json = JSON.parse(await ask("instances", "-o", "json"));
    const yaml = parse(await ask("instances", "-o", "yaml"));
    for (const { instances } of [json, yaml]) {
      expect(instances).toMatchObject([{ id: "notes-1", labels: { zone: "here" } }, { id: "notes-2" }]);
    }
  });

  it("weight orders another weight, and takes it back", async () => {
    expect(await ask("instances", "weight", "notes-1", "20")).toBe(
      "notes-1 has the weight 20 for test.v1.NoteService\n",
    );
    expect(await ask("instances")).toContain("20 (100)");
    expect(await ask("instances", "weight", "notes-1", "own", "--service", "test.v1.NoteService")).toBe(
      "notes-1 has the weight that it states for test.v1.NoteService\n",
    );
    expect(await ask("instances")).not.toContain("(100)");
  });

  it("kick closes the channels of an instance, which comes back", async () => {
    expect(await ask("instances", "kick", "notes-2", "--reason", "a test")).toBe(
      "notes-2 is kicked from test.v1.NoteService\n",
    );
    expect(router.io.text.err).toContain("is kicked by an operator: a test");
    await vi.waitFor(async () => expect(await ask("instances")).toContain("notes-2"), { timeout: 5_000 });
  });

  it("--watch writes again when something has changed, until Ctrl-C", async () => {
    const watch = router.start(["instances", "--watch", "5ms", "--admin", router.adminUrl]);
    await watch.io.until(/notes-1/);
    await ask("instances", "weight", "notes-1", "77");
    await watch.io.until(/\n\nSERVICE.*77 \(100\)/s);
    watch.io.interrupt();
    expect(await watch.done).toBe(0);
    await ask("instances", "weight", "notes-1", "own");
  });

  it("--watch draws in place on a terminal", async () => {
    const screen = { columns: 80, rows: 24, colour: true, onResize: () => () => {}, onKey: () => () => {} };
    const watch = router.start(["instances", "--watch", "5ms", "--admin", router.adminUrl], { screen });
    await watch.io.until(/notes-1.*notes-1/s);
    watch.io.interrupt();
    await watch.done;
    expect(watch.io.text.out.startsWith("\u001b[HSERVICE")).toBe(true);
    expect(watch.io.text.out.endsWith("\u001b[K\n\u001b[J")).toBe(true);
  });

  it.each([
    [["kick", "note-1"], 1, "Cannot find the instance note-1: it must be registered. Near: notes-1, notes-2\n"],
    [["weight", "notes-1", "0"], 2, "Cannot weigh: the weight must be 1 to 1000000, or own, received 0\n"],
    [["weight", "notes-1"], 2, "missing required argument 'weight'. See: grpc-router instances weight --help\n"],
    [["kick", "notes-1", "--service", "test.v1.NoteServic"], 1, /it must be routed\. Near: test\.v1\.NoteService\n$/],
  ])("%j ends with %d and says what to do", async (args, code, err) => {
    expect(await router.ask("instances", ...args)).toEqual({ code, out: "", err: expect.stringMatching(err) });
  });
});

describe("grpc-router drain", () => {
  it("takes an instance out of rotation when its calls have ended, --undo brings it back", async () => {
    expect(await ask("drain", "notes-1")).toBe(
      "notes-1 gets no new calls of test.v1.NoteService\nnotes-1 has no open calls: it may be stopped\n",
    );
    expect(await ask("instances")).toContain("draining, by an operator");
    expect(await ask("drain", "notes-1", "--undo")).toBe("notes-1 gets calls of test.v1.NoteService again\n");
    expect(await ask("instances")).not.toContain("draining");
  });

  it("waits for open calls, and ends with 3 when they outlive the grace", async () => {
    await ask("drain", "notes-2", "--no-wait");
    const end = router.openCall();
    await untilOpen(1);
    const { code, out, err } = await router.ask("drain", "notes-1", "--grace", "1ms");
    // The router may have ended it before the first look.
    expect([0, 3]).toContain(code);
    expect(out + err).toMatch(/may be stopped|notes-1 had 1 call open when the time was over: UNAVAILABLE/);
    await end();
    await untilOpen(0);
    for (const id of ["notes-1", "notes-2"]) await ask("drain", id, "--undo");
  });

  it.each([
    [[], 2, /^Cannot drain: give the id of an instance .* or --router for all of it\n$/],
    [["notes-1", "--router"], 2, /^Cannot drain: give the id/],
    [["notes-9"], 1, /Near: notes-1, notes-2\n$/],
  ])("%j ends with %d", async (args, code, err) => {
    expect(await router.ask("drain", ...args)).toEqual({ code, out: "", err: expect.stringMatching(err) });
  });
});

describe("grpc-router services, policy and stats", () => {
  it("services lists methods, and who serves them", async () => {
    expect(await ask("services")).toBe(
      [
        "SERVICE              HEALTH   METHOD  KIND              INSTANCES  WAITING",
        "test.v1.NoteService  serving  Get     unary             2          0",
        "                              Watch   server streaming  2          0",
        "                              Count   client streaming  2          0",
        "                              Chat    bidi streaming    2          0",
        "",
      ].join("\n"),
    );
    expect(parse(await ask("services", "-o", "yaml")).services[0].methods[0]).toMatchObject({
      kind: "METHOD_KIND_UNARY",
      input: "test.v1.Note",
    });
  });

  it("policy says what counts, or that nothing is said", async () => {
    expect(await ask("policy", "test.v1.NoteService")).toBe(
      "test.v1.NoteService: nothing is said of it, the defaults count\n",
    );
    const { code, err } = await router.ask("policy", "test.v1.NoteService/Gett");
    expect([code, err]).toEqual([1, expect.stringContaining("such as Get\n")]);
  });

  it("stats --all tells of policies, too", async () => {
    const text = await ask("stats", "--all");
    expect(text).toMatch(/\nPOLICY +COUNT\nretries +0\n/);
    expect(text).toMatch(/\nSERVICE +EXTRA ATTEMPTS .*\ntest\.v1\.NoteService +0 +- +0 +2 +0\n$/);
    expect(JSON.parse(await ask("stats", "-o", "json")).policies.services).toMatchObject([
      { service: "test.v1.NoteService", instances: 2 },
    ]);
  });
});

describe("grpc-router calls", () => {
  it("lists open calls, oldest first", async () => {
    expect(await ask("calls")).toBe("No such call is open.\n");
    const ends = [router.openCall(), router.openCall()];
    await untilOpen(2);
    const table = await ask("calls");
    expect(table).toMatch(/^CALL +METHOD +INSTANCE +PHASE +AGE +LEFT +ATTEMPT +SENT +HELD\n/);
    expect(table).toMatch(/127\.0\.0\.1:\d+#\d+ +test\.v1\.NoteService\/Chat +notes-\d +(running|sent) +\d/);
    expect(await ask("calls", "--limit", "1")).toMatch(/\nand 1 more, younger ones\n$/);
    expect(await ask("calls", "--slow", "10m")).toBe("No such call is open.\n");
    expect(JSON.parse(await ask("calls", "--method", "test.v1.NoteService/Chat", "-o", "json")).calls).toHaveLength(2);
    await Promise.all(ends.map((end) => end()));
    await untilOpen(0);
  });

  it("--by-method counts what came", async () => {
    const table = await ask("calls", "--by-method");
    expect(table).toMatch(/^METHOD +CALLS +OPEN +OK +ATTEMPTS +MEAN +P50 +P90 +P99 +FAILED\n/);
    expect(table).toMatch(/test\.v1\.NoteService\/Chat +3 +0 +[23] /);
    const { methods } = JSON.parse(await ask("calls", "--by-method", "--method", "test.v1.NoteService", "-o", "json"));
    expect(methods).toHaveLength(4);
  });

  it("refuses flags that do not go together, and what there is not", async () => {
    expect((await router.ask("calls", "--by-method", "--slow", "1s")).code).toBe(2);
    expect(await router.ask("calls", "--method", "test.v1.NoteService/Chatt")).toMatchObject({
      code: 1,
      err: expect.stringContaining("Near: Chat"),
    });
  });
});

describe("grpc-router events", () => {
  it("shows what happened", async () => {
    const text = await ask("events");
    expect(text).toMatch(/^1 20\S+Z listening: Routing on http/);
    expect(text).toMatch(/registered: notes-1 registered test\.v1\.NoteService \(4 methods\)/);
    expect(await ask("events", "--kind", "no_such")).toMatch(
      /^No such event has happened\. Kinds that have: .*\blistening, .*\bregistered\b.*\n$/,
    );
    const lines = (await ask("events", "--since", "1", "-o", "json")).trim().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ id: "2", time: expect.stringContaining("Z") });
  });

  it("--follow goes on until Ctrl-C", async () => {
    const follow = router.start(["events", "-f", "--kind", "operator_weight", "--admin", router.adminUrl]);
    await follow.io.until(/operator_weight/);
    await ask("instances", "weight", "notes-1", "33");
    await follow.io.until(/has the weight 33, by order of an operator/);
    await ask("instances", "weight", "notes-1", "own");
    follow.io.interrupt();
    expect(await follow.done).toBe(0);
  });
});

describe("grpc-router log-level", () => {
  it("shows and changes what the router writes", async () => {
    expect(await ask("log-level")).toMatch(/^MODULE +LEVEL\nregistry +info\n/);
    expect(await ask("log-level", "registry=error")).toMatch(/\nregistry +error\npolicy +info\n/);
    expect(JSON.parse(await ask("log-level", "warn", "-o", "json"))).toMatchObject({ level: "warn" });
    const before = router.io.text.err;
    await ask("instances", "weight", "notes-1", "own");
    expect(router.io.text.err).toBe(before);
    await ask("log-level", "registry=");
    expect(await ask("log-level", "info")).not.toContain("error");
    expect(await router.ask("log-level", "loud")).toMatchObject({
      code: 2,
      err: 'Cannot set a log level: it must be one of debug, info, warn, error, silent, received "loud"\n',
    });
  });
});

describe("grpc-router ready", () => {
  it("ends with 0 while the router accepts connections", async () => {
    expect(await ask("ready")).toBe("ready\n");
    expect(await ask("ready", "--live")).toBe("live\n");
  });

  it("ends with 1 when nobody answers", async () => {
    const { io, done } = router.start(["ready", "--admin", "http://127.0.0.1:1"]);
    expect(await done).toBe(1);
    expect(io.text.err).toMatch(/^No answer from http:\/\/127\.0\.0\.1:1\. Start a router/);
  });
});

describe("grpc-router drain --router", () => {
  it("stops the router, which was told nothing else", async () => {
    const other = await startRunningRouter();
    const end = other.openCall();
    await vi.waitFor(async () => expect((await other.ask("calls")).out).toContain("Chat"));
    const drained = other.ask("drain", "--router", "--grace", "20s");
    await vi.waitFor(async () => {
      expect(await other.ask("ready")).toMatchObject({
        code: 1,
        err: "Not ready: the router is draining: it accepts no connections\n",
      });
    });
    await end();
    expect(await drained).toEqual({
      code: 0,
      out: "The router accepts no new calls; 1 call open\nThe router has stopped\n",
      err: "",
    });
    expect(await other.close()).toBe(0);
  });
});
