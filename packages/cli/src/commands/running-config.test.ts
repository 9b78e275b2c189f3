// SPDX-License-Identifier: Apache-2.0
// A router's configuration, asked for and reloaded by commands.

import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRouter, startRunningRouter } from "../admin/running-router.suite.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-running-"));
const file = join(folder, "router.yaml");
const write = (text: string) => writeFileSync(file, text);

let router: RunningRouter;
beforeAll(async () => {
  write("drain: { grace: 1s }\n");
  router = await startRunningRouter("--config", file);
});
afterAll(async () => {
  await router.close();
  rmSync(folder, { recursive: true });
});

describe("grpc-router config running and reload", () => {
  it("tell what is in force, say what would change, and change it", async () => {
    expect(await router.ask("config", "running")).toEqual({
      code: 0,
      err: "",
      out: `# generation 1, of ${file}\ndrain:\n  grace: 1s\n`,
    });
    write("drain: { grace: 2s }\n");
    expect(await router.ask("config", "reload", "--check")).toEqual({
      code: 0,
      err: "",
      out: 'drain.grace: "1s" → "2s"\nIt would be taken: 1 change\n',
    });
    expect((await router.ask("config", "running")).out).toContain("generation 1,");
    expect((await router.ask("config", "reload")).out).toBe(
      'drain.grace: "1s" → "2s"\nGeneration 2 is in force: 1 change\n',
    );
    expect((await router.ask("config", "running")).out).toContain("grace: 2s");
    expect((await router.ask("events", "--kind", "config_reloaded")).out).toContain("Took the configuration: 1 change");
  });

  it.each([
    [["--check"], "Generation 2 would stay in force, for what stands above\n"],
    [[], "Generation 2 stays in force, for what stands above\n"],
  ])("keep what is in force when the files are wrong, with places %j", async (flags, err) => {
    write("drain: { grace: 2s }\ncals: {}\n");
    expect(await router.ask("config", "reload", ...flags)).toEqual({
      code: 1,
      err,
      out: expect.stringMatching(/router\.yaml:2:1: cals: there is no field "cals"; did you mean "calls"\?\n$/),
    });
  });

  it.each([[["--check"]], [[]]])("refuse routers that no bridge could dial %j", async (flags) => {
    write('drain: { grace: 2s }\ninstances: { routers: ["http://other:99999"] }\n');
    const { code, out } = await router.ask("config", "reload", ...flags);
    expect([code, out]).toEqual([1, expect.stringContaining("received http://other:99999")]);
    expect((await router.ask("events", "--kind", "services_changed")).out).not.toContain("Took");
  });

  it("put a text before the files, and take it back", async () => {
    write("drain: { grace: 2s }\n");
    const text = join(folder, "faster.yaml");
    writeFileSync(text, "drain: { grace: 9s }\n");
    const line = 'drain.grace: "2s" → "9s"\n';
    expect((await router.ask("config", "apply", text, "--check")).out).toBe(`${line}It would be taken: 1 change\n`);
    expect((await router.ask("config", "apply", text)).out).toBe(`${line}Generation 3 is in force: 1 change\n`);
    expect((await router.ask("config", "running")).out).toBe(
      `# generation 3, of ${file}, and before them what was applied from ${text}\ndrain:\n  grace: 9s\n`,
    );
    writeFileSync(text, "services: { modules: [x.js] }\n");
    expect(await router.ask("config", "apply", text)).toEqual({
      code: 1,
      out: expect.stringContaining(`${text}:1:13: services.modules: it must be said in a file`),
      err: "Generation 3 stays in force, for what stands above\n",
    });
    writeFileSync(text, "policies:\n  service: {}\n");
    expect((await router.ask("config", "apply", text)).out).toContain(`${text}:2:3: policies.service: `);
    expect((await router.ask("config", "apply", "--clear")).out).toContain('"9s" → "2s"');
    expect(await router.ask("config", "apply")).toMatchObject({
      code: 2,
      err: "Cannot apply a configuration: one of FILE and --clear must be given\n",
    });
    expect((await router.ask("config", "apply", join(folder, "none.yaml"))).code).toBe(1);
  });

  it("open the access log anew", async () => {
    const own = join(folder, "with-log.yaml");
    writeFileSync(own, "observability: { access_log: { file: access.log } }\n");
    const other = await startRunningRouter("--config", own);
    renameSync(join(folder, "access.log"), join(folder, "access.log.1"));
    expect((await other.ask("config", "reload")).code).toBe(0);
    await expect.poll(() => existsSync(join(folder, "access.log"))).toBe(true);
    await other.close();
  });

  it("say that there are no files", async () => {
    const other = await startRunningRouter();
    expect(await other.ask("config", "running")).toMatchObject({
      code: 1,
      err: expect.stringContaining("runs without configuration files. Start it with serve --config"),
    });
    await other.close();
  });
});
