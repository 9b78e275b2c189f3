// SPDX-License-Identifier: Apache-2.0

import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { createConfigBed } from "./config-bed.suite.js";
import { ConfigHolder, type ReloadOutcome } from "./config-holder.js";
import { mistakesError } from "./config-mistake.js";
import type { LoadedConfig } from "./load-config.js";
import type { ConfigChange } from "./show-config.js";

const { folder, write, load } = createConfigBed();

function createHolder(text: string, name: string) {
  const names = [write(name, text)];
  const taken: LoadedConfig[] = [];
  const logged: string[] = [];
  let fault: Error | undefined;
  let renewed: readonly ConfigChange[] = [];
  let preparing = (_next: LoadedConfig): void => {};
  const holder = new ConfigHolder({
    load: (applied) => load(names, {}, applied),
    initial: load(names),
    prepare: async (next) => {
      await Promise.resolve();
      preparing(next);
      if (fault !== undefined) throw fault;
      return { apply: () => taken.push(next), renewed };
    },
    logger: { log: (level, event, message) => logged.push(`${level} ${event} ${message}`) },
  });
  return {
    holder,
    taken,
    logged,
    failWith: (error: Error | undefined) => {
      fault = error;
    },
    renew: (changes: readonly ConfigChange[]) => {
      renewed = changes;
    },
    whilePreparing: (step: (next: LoadedConfig) => void) => {
      preparing = step;
    },
    reload: (next: string): Promise<ReloadOutcome> => {
      write(name, next);
      return holder.reload();
    },
  };
}

describe("ConfigHolder", () => {
  it("tells what has changed in files that the configuration names, too, before and after", async () => {
    const { holder, logged, renew } = createHolder("drain: { grace: 1s }\n", "renewed.yaml");
    const change = { path: ["listeners", "client", "tls", "certificate"], before: "old", after: "new" };
    renew([change]);
    expect(await holder.check()).toEqual({ taken: true, generation: 1, changes: [change] });
    expect(await holder.reload()).toEqual({ taken: true, generation: 2, changes: [change] });
    expect(logged).toEqual([
      'info config_changed listeners.client.tls.certificate: "old" → "new"',
      "info config_reloaded Took the configuration: 1 change",
    ]);
  });

  it("takes what may change, counts it and logs the differences", async () => {
    const { holder, taken, logged, reload } = createHolder("drain: { grace: 1s }\n", "taken.yaml");
    const outcome = await reload("drain: { grace: 2s }\nplace: {}\npolicies: { services: {} }\n");
    expect(outcome).toMatchObject({ taken: true, generation: 2 });
    expect(taken.map(({ settings }) => settings.graceMs)).toEqual([2_000]);
    expect(holder.current).toBe(taken[0]);
    expect(logged).toEqual([
      'info config_changed drain.grace: "1s" → "2s"',
      "info config_changed policies.services: not said → {}",
      "info config_reloaded Took the configuration: 2 changes",
    ]);
    expect(await holder.reload()).toEqual({ taken: true, generation: 3, changes: [] });
  });

  it("apply() puts a text before the files, until it is taken back", async () => {
    const { holder, taken, reload } = createHolder("drain: { grace: 1s }\n", "applied.yaml");
    const applied = { name: "mine", text: "drain: { grace: 3s }\n" };
    const changes = [{ path: ["drain", "grace"], before: "1s", after: "3s" }];
    expect(await holder.check(applied)).toEqual({ taken: true, generation: 1, changes });
    expect(holder.applied).toBeUndefined();
    expect(await holder.apply(applied)).toEqual({ taken: true, generation: 2, changes });
    // Files that say something else stay behind it.
    expect(await reload("drain: { grace: 2s }\n")).toEqual({ taken: true, generation: 3, changes: [] });
    expect(holder.applied).toBe(applied);
    expect(await holder.apply(undefined)).toMatchObject({ taken: true, generation: 4 });
    expect(taken.map(({ settings }) => settings.graceMs)).toEqual([3_000, 3_000, 2_000]);
  });

  it.each([
    ["drain: { grase: 3s }", "mine:1:10: drain.grase: it must be said in a file; policies,"],
    ["drain: { grace: 3 }", "mine:1:10: drain.grace: "],
    ["policies: [", "mine:"],
    ["drain: { grace: '$\u007bHOME}' }", "mine:1:10: drain.grace: "],
    ["instances: null", "mine:1:1: instances: it must be said in a file"],
    ["observability: { log: null }", "mine:1:18: observability.log: it must be said in a file"],
    ["services: { modules: [/tmp/mine.js] }", "mine:1:13: services.modules: it must be said in a file"],
    ["include: [/etc/passwd]", "mine:1:1: include: it must be said in a file"],
    ["observability: { access_log: { file: /tmp/x } }", "mine:1:32: observability.access_log.file: it must be said"],
    ["7", "mine:1:1: it must be said in a file"],
  ])("apply() refuses %j and keeps what was applied", async (text, reason) => {
    const { holder, taken } = createHolder("drain: { grace: 1s }\n", "refused.yaml");
    await holder.apply({ name: "before", text: "drain: { grace: 2s }\n" });
    const outcome = await holder.apply({ name: "mine", text });
    expect(outcome).toMatchObject({ taken: false, generation: 2 });
    expect(outcome.taken ? "" : outcome.reasons.join("\n")).toContain(reason);
    expect([holder.applied?.name, taken.length]).toEqual(["before", 1]);
  });

  it("check() says what a reload would come to, and changes nothing", async () => {
    const { holder, taken, logged, failWith } = createHolder("drain: { grace: 1s }\n", "check.yaml");
    write("check.yaml", "drain: { grace: 2s }\n");
    const changes = [{ path: ["drain", "grace"], before: "1s", after: "2s" }];
    expect(await holder.check()).toEqual({ taken: true, generation: 1, changes });
    failWith(new Error("no such module"));
    expect(await holder.check()).toEqual({ taken: false, generation: 1, reasons: ["no such module"] });
    write("check.yaml", "drain: 5\n");
    expect(await holder.check()).toMatchObject({ taken: false, reasons: [expect.stringContaining("check.yaml:1:")] });
    expect([taken, logged, holder.current.settings.graceMs]).toEqual([[], [], 1_000]);
  });

  it("refuses what is wrong as a whole, with places", async () => {
    const { holder, taken, logged, reload } = createHolder("drain: { grace: 1s }\n", "wrong.yaml");
    const outcome = await reload("drain: { grace: 2s }\npolices: {}\ncalls: 5\n");
    const reasons = [
      'wrong.yaml:2:1: polices: there is no field "polices"; did you mean "policies"?',
      "wrong.yaml:3:1: calls: it must have fields, such as {}, received 5",
    ];
    expect(outcome).toEqual({ taken: false, generation: 1, reasons });
    expect(logged).toEqual([
      ...reasons.map((reason) => `error config_mistake ${reason}`),
      "error config_kept Kept the configuration that is in force, for 2 reasons",
    ]);
    expect([taken, holder.current.settings.graceMs]).toEqual([[], 1_000]);
    expect(await reload("drain: { grace: 3s }\n")).toMatchObject({ taken: true, generation: 2 });
  });

  it.each([
    ["listeners: { client: { address: 'a:1' } }", 'listeners.client.address: not said → "a:1"'],
    ["calls: { max_open_calls: 5 }", "calls.max_open_calls: not said → 5"],
    ["instances: { allow_unauthenticated: true }", "instances.allow_unauthenticated: not said → true"],
    ["memory: { process_bytes: 5000000 }", "memory.process_bytes: not said → 5000000"],
    [
      "listeners: { admin: { tls: { certificate: a.pem, key: b.pem, watch_interval: 5s } } }",
      'listeners.admin.tls.watch_interval: not said → "5s"',
    ],
  ])("refuses %s by name: it takes a restart", async (text, change) => {
    const { taken, reload } = createHolder("instances: { routers: [] }\n", "restart.yaml");
    const whole = text.startsWith("instances") ? text : `instances: { routers: [] }\n${text}`;
    expect(await reload(`${whole}\n`)).toEqual({
      taken: false,
      generation: 1,
      reasons: [`${change}: it takes a restart`],
    });
    expect(taken).toEqual([]);
  });

  it.each([
    ["listeners: { admin: { tls: { certificate: b.pem, key: b-key.pem } } }"],
    ["instances: { routers: ['http://a:1'], credentials: [] }"],
    ["services: { modules: [a.js] }"],
    ["observability: { log: { level: debug } }"],
  ])("takes %s", async (text) => {
    const base = [
      "instances: { routers: [] }",
      "observability: { log: {} }",
      "listeners: { admin: { tls: { certificate: a.pem, key: a-key.pem } } }",
    ];
    const { reload } = createHolder(`${base.join("\n")}\n`, "may.yaml");
    const name = text.split(":", 1)[0] ?? "";
    const whole = [...base.filter((line) => !line.startsWith(name)), text];
    expect(await reload(`${whole.join("\n")}\n`)).toMatchObject({ taken: true });
  });

  it("keeps what is in force when it cannot be made ready", async () => {
    const { holder, failWith, reload } = createHolder("drain: { grace: 1s }\n", "unready.yaml");
    failWith(new Error("Cannot load x.js: there is no such file"));
    expect(await reload("drain: { grace: 2s }\n")).toMatchObject({
      reasons: ["Cannot load x.js: there is no such file"],
    });
    const place = { file: "a.yaml", line: 3, column: 4, path: ["policies"], reason: "it must be other" };
    failWith(mistakesError("it", [place]));
    expect(await holder.reload()).toMatchObject({ taken: false, reasons: ["a.yaml:3:4: policies: it must be other"] });
    failWith(undefined);
    expect(await holder.reload()).toMatchObject({ taken: true, generation: 2 });
  });

  it("reloads come one after the other", async () => {
    const { holder, taken } = createHolder("drain: { grace: 1s }\n", "serial.yaml");
    const generations = await Promise.all([holder.reload(), holder.reload(), holder.reload()]);
    expect(generations.map(({ generation }) => generation)).toEqual([2, 3, 4]);
    expect(taken).toHaveLength(3);
  });

  it("inTurn() runs a step between reloads, which go on if it fails", async () => {
    const { holder, reload, whilePreparing } = createHolder("drain: { grace: 1s }\n", "in-turn.yaml");
    const order: string[] = [];
    whilePreparing(() => order.push("reload"));
    const first = reload("drain: { grace: 2s }\n");
    const step = holder.inTurn(async () => {
      order.push("begins");
      await new Promise(setImmediate);
      order.push("ends");
      throw new Error("no");
    });
    const second = holder.reload();
    await expect(step).rejects.toThrow("no");
    expect([(await first).taken, (await second).taken]).toEqual([true, true]);
    expect(order).toEqual(["reload", "begins", "ends", "reload"]);
  });

  it("watch() reloads when a file has changed, an included one as well, until it is ended", async () => {
    write("part.yaml", "drain: { grace: 1s }\n");
    const { holder } = createHolder("include: [part.yaml]\n", "watched.yaml");
    const end = holder.watch(5);
    write("part.yaml", "drain: { grace: 2s }\n");
    await vi.waitFor(() => expect(holder.current.settings.graceMs).toBe(2_000));
    // Files that were not there before are watched, too.
    write("other.yaml", "drain: { grace: 3s }\n");
    write("watched.yaml", "include: [part.yaml, other.yaml]\n");
    await vi.waitFor(() => expect(holder.current.settings.graceMs).toBe(3_000));
    write("other.yaml", "drain: { grace: 4s }\n");
    await vi.waitFor(() => expect(holder.generation).toBe(4));
    write("other.yaml", "drian: {}\n");
    await vi.waitFor(() => expect(holder.current.settings.graceMs).toBe(4_000));
    end();
  });

  it("watch() misses no change that comes while another is made ready", async () => {
    const { holder, taken, whilePreparing } = createHolder("drain: { grace: 1s }\n", "meanwhile.yaml");
    whilePreparing(({ settings }) => {
      if (settings.graceMs === 2_000) write("meanwhile.yaml", "drain: { grace: 3s }\n");
    });
    const end = holder.watch(5);
    write("meanwhile.yaml", "drain: { grace: 2s }\n");
    await vi.waitFor(() => expect(taken.map(({ settings }) => settings.graceMs)).toEqual([2_000, 3_000]));
    end();
  });

  it("watch() notices that a file is there again, or for the first time, and refuses its absence once", async () => {
    const { holder, logged } = createHolder("drain: { grace: 1s }\n", "gone.yaml");
    const end = holder.watch(5);
    rmSync(join(folder, "gone.yaml"));
    await vi.waitFor(() => expect(logged.filter((line) => line.includes("config_kept"))).toHaveLength(1));
    write("gone.yaml", "include: [late.yaml]\n");
    await vi.waitFor(() => expect(logged.filter((line) => line.includes("config_kept"))).toHaveLength(2));
    write("late.yaml", "drain: { grace: 2s }\n");
    await vi.waitFor(() => expect(holder.current.settings.graceMs).toBe(2_000));
    expect(logged.filter((line) => line.includes("config_kept"))).toHaveLength(2);
    end();
  });
});
