// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form of variables

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo, type TestIo } from "../test-io.suite.js";

const modules = fileURLToPath(new URL("../module/note-modules.suite.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "grpc-router-serve-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const running: { readonly io: TestIo; readonly done: Promise<number> }[] = [];
afterEach(async () => {
  for (const { io, done } of running.splice(0).reverse()) {
    io.interrupt();
    await done;
  }
});

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function start(...args: readonly string[]): TestIo {
  const io = createTestIo({ folder, env: { NOTES: modules } });
  running.push({ io, done: run(args, io) });
  return io;
}

async function once(...args: readonly string[]) {
  const io = createTestIo({ folder, env: { NOTES: modules } });
  return { code: await run(args, io), ...io.text };
}

const token = "0123456789abcdef";
const service = "test.v1.NoteService";

/** A whole configuration on free ports; `timeout` is a policy, `more` more of it. */
const text = (timeout = "2s", more = "") => `listeners:
  client: { address: 127.0.0.1:0 }
  registration: { address: 127.0.0.1:0 }
  admin: { address: 127.0.0.1:0 }
services: { modules: ["\${NOTES}"] }
instances: { credentials: [{ name: notes, services: ["*"], tokens: [{ file: notes.token }] }] }
policies: { services: { ${service}: { methods: { Get: { timeout: ${timeout} } } } } }
drain: { grace: 1s }
${more}`;

/** What is logged of the last reload. */
async function reload(io: TestIo, next: string): Promise<string> {
  write("router.yaml", next);
  io.text.err = "";
  io.hangUp();
  await io.until(/event=config_(reloaded|kept).*\n/);
  return io.text.err;
}

write("notes.token", token);

describe("grpc-router serve --config", () => {
  it("runs by files alone, takes what changes on SIGHUP, and keeps what is in force when something is wrong", async () => {
    const io = start("serve", "--config", write("router.yaml", text()));
    await io.until(/^ready (.*) pid \d+$/m);
    const address = /^ready (.*) pid/m.exec(io.text.out)?.[1] ?? "";
    const registration = /instances register on (\S+)/.exec(io.text.err)?.[1] ?? "";
    const adminUrl = /Admin API on (\S+)/.exec(io.text.err)?.[1] ?? "";
    const bridge = start(
      "bridge",
      modules,
      "--router",
      registration,
      "--token-file",
      "notes.token",
      "--allow-plaintext-token",
    );
    await bridge.until(/^registered pid \d+$/m);
    const call = () => once("call", `${address}/${service}/Get`, "-d", '{"text":"a"}');
    expect(await call()).toMatchObject({ code: 0 });
    // A policy and the log's level change; the instance stays, calls go on.
    const policyOf = async () =>
      JSON.parse((await once("policy", `${service}/Get`, "--admin", adminUrl, "-o", "json")).out);
    expect(JSON.stringify(await policyOf())).toContain("2000");
    const taken = await reload(
      io,
      text("7s", "observability: { log: { level: debug, modules: { policy: error } } }\n"),
    );
    expect(taken).toContain(`policies.services["${service}"].methods.Get.timeout: "2s" → "7s" event=config_changed`);
    expect(taken).toMatch(/Took the configuration: 3 changes event=config_reloaded generation=2/);
    expect(JSON.stringify(await policyOf())).toContain("7000");
    expect(JSON.parse((await once("log-level", "--admin", adminUrl, "-o", "json")).out)).toMatchObject({
      level: "debug",
    });
    expect(await call()).toMatchObject({ code: 0 });
    // What is wrong, and what takes a restart, is refused as a whole, by name.
    const wrong = await reload(io, `${text("9s")}drian: {}\n`);
    expect(wrong).toMatch(
      /router\.yaml:9:1: drian: there is no field \\?"drian\\?"; did you mean \\?"drain\\?"\? event=config_mistake/,
    );
    expect(wrong).toContain("event=config_kept generation=2");
    const frozen = await reload(io, text("9s", "calls: { max_open_calls: 5 }\n"));
    expect(frozen).toContain("calls.max_open_calls: not said → 5: it takes a restart event=config_mistake");
    const unknown = await reload(io, text("9s").replace(service, "test.v1.Other"));
    expect(unknown).toMatch(/router\.yaml:7:\d+: policies\.services\["test\.v1\.Other"\]: there is no service/);
    const open = await reload(
      io,
      text("9s")
        .replace(/^instances: .*$/m, "")
        .concat("\n"),
    );
    expect(open).toContain("whether there are any takes a restart");
    expect(JSON.stringify(await policyOf())).toContain("7000");
    // Reloads under calls: none of them fails.
    const calls = Array.from({ length: 24 }, call);
    for (let seconds = 10; seconds < 16; seconds++) {
      expect(await reload(io, text(`${seconds}s`))).toContain("event=config_reloaded");
      calls.push(call(), call());
    }
    expect((await Promise.all(calls)).filter(({ code }) => code !== 0)).toEqual([]);
    // Other credentials: the instance is told to go.
    write("notes.token", `${token}-2`);
    await reload(io, text("8s"));
    await io.until(/event=credential_expired/);
    write("notes.token", token);
  });

  it("flags go before files, and --config-watch takes what changes by itself", async () => {
    const tls = createSelfSigned();
    write("cert.pem", tls.cert);
    write("key.pem", tls.key);
    write(
      "watched.yaml",
      "listeners: { client: { address: 127.0.0.1:1, tls: { certificate: cert.pem, key: key.pem } }, admin: { disabled: true } }\ndrain: { grace: 60s }\n",
    );
    const flags = ["--module", modules, "--listen", "127.0.0.1:0", "--grace", "1s", "--config-watch", "10ms"];
    const io = start("serve", "--config", "watched.yaml", ...flags);
    await io.until(/^ready (.*) pid \d+$/m);
    expect(io.text.err).toMatch(/Routing on https:\/\/127\.0\.0\.1:\d+/);
    expect(io.text.err).not.toContain("Admin API");
    write(
      "watched.yaml",
      "listeners: { client: { address: 127.0.0.1:1, tls: { certificate: cert.pem, key: key.pem } }, admin: { disabled: true } }\ndrain: { grace: 50s }\n",
    );
    await io.until(/drain\.grace: \\?"60s\\?" → \\?"50s\\?".*\n.*event=config_reloaded/);
    expect(io.text.err).toContain("event=certificates_reloaded");
  });

  it.each([
    [
      "conections: {}\ndrain: { grace: 5 }\n",
      ["config.yaml:1:1: conections: there is no field", "config.yaml:2:10: drain.grace: it must be"],
    ],
    [
      "services: { modules: [none.js] }\ndrian: {}\n",
      [
        /config\.yaml:1:1: services: Cannot load .*none\.js: there is no such file/,
        'config.yaml:2:1: drian: there is no field "drian"',
      ],
    ],
    [
      `services: { modules: ["\${NOTES}"] }\npolicies: { services: { ${service}: { balence: {} } } }\ncalls: 5\n`,
      [
        /config\.yaml:2:\d+: policies\.services\["test\.v1\.NoteService"\]\.balence: there is no field/,
        "config.yaml:3:1: calls: it must have fields",
      ],
    ],
  ])("tells everything that is wrong at once: %j", async (config, lines) => {
    write("config.yaml", config);
    for (const command of [["serve", "--config"], ["check"]]) {
      const { code, err } = await once(...command, "config.yaml");
      const told = err.trim().split("\n").slice(1);
      expect([code, told]).toEqual([
        1,
        lines.map((line) => (typeof line === "string" ? expect.stringContaining(line) : expect.stringMatching(line))),
      ]);
    }
  });
});

describe("grpc-router check FILE", () => {
  it("says ok, and explains", async () => {
    write("good.yaml", text("2s"));
    write("over.yaml", `policies: { services: { ${service}: { methods: { Get: { timeout: 9s } } } } }\n`);
    expect(await once("check", "good.yaml")).toEqual({ code: 0, out: "ok: 1 service\n", err: "" });
    const { out } = await once("check", "good.yaml", "over.yaml", "--explain", `${service}/Get`);
    expect(out).toContain("timeoutMs  9000   configuration for the method");
    expect(await once("check", write("defaults.yaml", (await once("config", "defaults")).out))).toMatchObject({
      code: 0,
    });
  });

  it("tells where strangers could register", async () => {
    write("open.yaml", "listeners: { client: { address: 0.0.0.0:8080 } }\n");
    const { code, err } = await once("check", "open.yaml");
    expect(code).toBe(1);
    expect(err).toContain(
      "open.yaml:1:24: listeners.client.address: where others can reach the router, instances must show credentials",
    );
    write("meant.yaml", "include: [open.yaml]\ninstances: { allow_unauthenticated: true }\n");
    expect(await once("check", "meant.yaml")).toMatchObject({ code: 0 });
  });
});
