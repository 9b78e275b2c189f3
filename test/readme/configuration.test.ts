// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md: its tables are those of the .proto, its files load, its commands work.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "@grpc-router/cli";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestIo } from "../../packages/cli/src/test-io.suite.ts";
import { configurationTables, writtenTables } from "./configuration-tables.ts";
import { commandsIn, markedBlocks } from "./markdown.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
const userRouter = fileURLToPath(
  new URL("../../examples/quickstart/src/gen/acme/user/v1/user_router.ts", import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), "grpc-router-configuration-page-"));
const env = { ZONE: "eu-1a", PORT: "0" };
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  for (const text of blocksOf("router.yaml")) {
    const [, name = ""] = /^# (\S+)/.exec(text) ?? [];
    // The addresses of a machine, and the module where it is.
    const own = text.replace("./gen/acme/user/v1/user_router.js", userRouter).replace("10.0.0.5:8090", "127.0.0.1:0");
    writeFileSync(join(folder, name), own.replace("0.0.0.0", "127.0.0.1"));
  }
  const { cert, key } = createSelfSigned();
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
  writeFileSync(join(folder, "users.token"), "0123456789abcdef\n");
});

test("the tables are those of router_config.proto (node test/readme/configuration-tables.ts writes them)", () => {
  expect(writtenTables()).toBe(configurationTables());
  expect(writtenTables().match(/^### /gm)?.length).toBeGreaterThan(15);
});

const commands = blocksOf("configuration").flatMap(commandsIn);

test.each(commands.map((line) => [line]))("%s", async (line) => {
  const [, , ...words] = line.split(" ");
  const at = words.indexOf(">");
  const args = at < 0 ? words : words.slice(0, at);
  const io = createTestIo({ folder, env });
  const done = run(args[0] === "serve" ? [...args, "--no-admin"] : args, io);
  if (args[0] === "serve") {
    await io.until(/^ready /m);
    io.interrupt();
  }
  expect([await done, args[0] === "serve" ? "" : io.text.err]).toEqual([0, ""]);
  if (at >= 0) writeFileSync(join(folder, words[at + 1] ?? ""), io.text.out);
});

test("every flag of serve that a file can say has its field", async () => {
  const io = createTestIo();
  await run(["serve", "--help"], io);
  const flags = Array.from(io.text.out.matchAll(/^ {2}(--[a-z-]+)/gm), ([, flag = ""]) => flag);
  expect(flags.filter((flag) => !fieldsOfFlags.has(flag))).toEqual([]);
  const tables = configurationTables();
  for (const [flag, field] of fieldsOfFlags) {
    const [, message = "", name = ""] = /^(?:(.*)\.)?([a-z_]+)$/.exec(field) ?? [];
    if (field === "") continue;
    const section = tables.split(/^### /m).find((part) => part.startsWith(`\`${message}\``)) ?? "";
    expect([flag, section.includes(`| \`${name}\` |`)]).toEqual([flag, true]);
  }
});

/** Flags of `serve`; "": it is about the files themselves, or a file of something that the configuration has in it. */
const fieldsOfFlags: ReadonlyMap<string, string> = new Map([
  ["--config", ""],
  ["--config-watch", ""],
  ["--policies", ""],
  ["--credentials", ""],
  ["--module", "services.modules"],
  ["--descriptor-set", "services.descriptor_sets"],
  ["--descriptor-dir", "services.descriptor_folders"],
  ["--descriptor-watch", "services.descriptor_watch_interval"],
  ["--service", "services.names"],
  ["--allow", "services.learn"],
  ["--listen", "listeners.client.address"],
  ["--reuse-port", "listeners.client.reuse_port"],
  ["--admin", "listeners.admin.address"],
  ["--no-admin", "listeners.admin.disabled"],
  ["--admin-token-file", "listeners.admin.token_file"],
  ["--admin-tls-cert", "listeners.admin.tls.certificate"],
  ["--admin-tls-key", "listeners.admin.tls.key"],
  ["--admin-tls-ca", "listeners.admin.tls.authorities"],
  ["--admin-tls-watch", "listeners.admin.tls.watch_interval"],
  ["--allow-tap-messages", "listeners.admin.allow_tap_messages"],
  ["--service-config", "services.service_config"],
  ["--tls-cert", "listeners.client.tls.certificate"],
  ["--tls-key", "listeners.client.tls.key"],
  ["--tls-ca", "listeners.client.tls.authorities"],
  ["--tls-client-certificate", "listeners.client.tls.client_certificate"],
  ["--tls-watch", "listeners.client.tls.watch_interval"],
  ["--instance-token-file", "instances.token_file"],
  ["--allow-unauthenticated-instances", "instances.allow_unauthenticated"],
  ["--grace", "drain.grace"],
  ["--max-message-bytes", "calls.max_request_message_bytes"],
  ["--log-level", "observability.log.level"],
  ["--advertise", "instances.routers"],
  ["--zone", "place.zone"],
  ["--region", "place.region"],
  ["--metrics-label", "observability.metrics.instance_labels"],
  ["--log-format", "observability.log.format"],
  ["--access-log", "observability.access_log.file"],
  ["--access-log-format", "observability.access_log.format"],
  ["--trace-ratio", "observability.traces.ratio"],
  ["--otlp-endpoint", "observability.metrics.otlp_endpoint"],
  ["--trace-frames", "observability.log.frames"],
]);

function blocksOf(name: string): string[] {
  return markedBlocks(page).flatMap(({ mark, text }) => (mark === name ? [text] : []));
}
