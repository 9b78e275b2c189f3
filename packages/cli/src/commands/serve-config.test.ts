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
    expect(taken).not.toContain("Took new credentials");
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
    // What is as it was is no news.
    expect(io.text.err).not.toMatch(/event=(certificates_reloaded|services_changed)/);
  });

  it.each([
    [
      "conections: {}\ndrain: { grace: 5 }\n",
      ["config.yaml:1:1: conections: there is no field", "config.yaml:2:10: drain.grace: it must be"],
    ],
    [
      "services: { modules: [none.js] }\ndrian: {}\n",
      [
        /config\.yaml:1:23: services\.modules\[0\]: Cannot load .*none\.js: there is no such file/,
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
    // Nothing else is wrong, and a file that is named by a variable is not looked for.
    [
      "services:\n  descriptor_sets: [none.binpb, also.binpb]\n",
      [
        /config\.yaml:2:21: services\.descriptor_sets\[0\]: Cannot read descriptor set .*none\.binpb: there is no such file/,
        /config\.yaml:2:33: services\.descriptor_sets\[1\]: Cannot read descriptor set .*also\.binpb: there is no such file/,
      ],
    ],
    [
      'services: { descriptor_folders: [none] }\ndrain: { grace: "${GRACE}" }\n',
      [
        /config\.yaml:1:34: services\.descriptor_folders\[0\]: Cannot read folder .*none: /,
        "config.yaml:2:10: drain.grace: the variable GRACE must be set, it is not",
      ],
    ],
    [
      'services: { modules: ["${MODULE}"] }\nlisteners: { client: { address: "${AT}", tls: { certificate: "${CERT}", key: none.pem } } }\n' +
        'instances: { token_file: "${TOKEN}" }\npolicies: { services: { test.v1.NoteService: { methods: { Get: { timeout: "${TIME}" } } } } }\n',
      [
        "config.yaml:1:23: services.modules[0]: the variable MODULE must be set",
        "config.yaml:2:24: listeners.client.address: the variable AT must be set",
        "config.yaml:2:49: listeners.client.tls.certificate: the variable CERT must be set",
        "config.yaml:3:14: instances.token_file: the variable TOKEN must be set",
        'config.yaml:4:66: policies.services["test.v1.NoteService"].methods.Get.timeout: the variable TIME must be set',
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

  it("tells which certificates a start would refuse, as a start and a reload do", async () => {
    const { cert, key } = createSelfSigned();
    write("cert.pem", cert);
    write("key.pem", key);
    write("other.pem", createSelfSigned().key);
    write("half.pem", cert.slice(0, 200));
    const listener = (name: string, certificate: string, own: string) =>
      `${name}: { address: "127.0.0.1:0", tls: { certificate: ${certificate}, key: ${own} } }`;
    write(
      "good.yaml",
      `listeners: { ${["client", "registration", "admin"].map((name) => listener(name, "cert.pem", "key.pem")).join(", ")} }\n`,
    );
    expect(await once("check", "good.yaml")).toMatchObject({ code: 0, err: "" });
    write(
      "bad.yaml",
      [
        "listeners:",
        `  ${listener("client", "none.pem", "key.pem")}`,
        `  ${listener("registration", "cert.pem", "other.pem")}`,
        `  ${listener("admin", "half.pem", "key.pem")}`,
        "",
      ].join("\n"),
    );
    for (const command of [["check"], ["serve", "--config"]]) {
      const { code, err } = await once(...command, "bad.yaml");
      expect([code, err.trim().split("\n").slice(1)]).toEqual([
        1,
        [
          expect.stringMatching(
            /^bad\.yaml:2:44: listeners\.client\.tls\.certificate: Cannot read tls\.cert from .*none\.pem: there is/,
          ),
          expect.stringMatching(/^bad\.yaml:3:\d+: listeners\.registration\.tls\.key: .* must be the key of tls\.cert/),
          expect.stringMatching(/^bad\.yaml:4:\d+: listeners\.admin\.tls\.certificate: .* tls\.cert must be valid PEM/),
        ],
      ]);
    }
    // What flags say goes before it.
    const flags = ["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--no-admin"];
    const { err } = await once("serve", "--config", "bad.yaml", ...flags);
    expect(err.match(/^bad\.yaml:\d/gm)).toEqual(["bad.yaml:3"]);
  });

  it("tells which certificate of which name", async () => {
    const { cert, key } = createSelfSigned();
    write("cert.pem", cert);
    write("key.pem", key);
    const own = "certificate: cert.pem, key: key.pem";
    const names = (of: string) =>
      `listeners:\n  client: { address: "127.0.0.1:0", tls: { ${own}, names: { a.example: { certificate: ${of}, key: key.pem } } } }\n`;
    write("names.yaml", names("cert.pem"));
    const io = start("serve", "--config", "names.yaml", "--no-admin");
    await io.until(/^ready (.*) pid \d+$/m);
    write("names.yaml", names("none.pem"));
    const place = 'names.yaml:2:103: listeners.client.tls.names["a.example"].certificate: Cannot read tls.names';
    io.hangUp();
    await io.until(/event=config_kept/);
    expect(io.text.err.replaceAll('\\"', '"')).toContain(place);
    expect((await once("check", "names.yaml")).err).toContain(place);
  });

  it("tells where strangers could use the admin API", async () => {
    write("admin.yaml", 'listeners: { admin: { address: "0.0.0.0:8081" } }\n');
    const { code, err } = await once("check", "admin.yaml");
    expect(code).toBe(1);
    expect(err).toContain(
      "admin.yaml:1:23: listeners.admin.address: where others can reach the admin API, it must ask for a token or a certificate",
    );
    write("admin.token", "0123456789abcdef\n");
    write("meant.yaml", "include: [admin.yaml]\nlisteners: { admin: { token_file: admin.token } }\n");
    expect(await once("check", "meant.yaml")).toMatchObject({ code: 0 });
    write("lost.yaml", "include: [admin.yaml]\nlisteners: { admin: { token_file: lost.token } }\n");
    expect((await once("check", "lost.yaml")).err).toMatch(
      /^lost\.yaml:2:23: listeners\.admin\.token_file: Cannot read the token from .*lost\.token: /m,
    );
    write("off.yaml", "include: [admin.yaml]\nlisteners: { admin: { disabled: true } }\n");
    expect(await once("check", "off.yaml")).toMatchObject({ code: 0 });
  });
});
