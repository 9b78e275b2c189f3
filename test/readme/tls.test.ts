// SPDX-License-Identifier: Apache-2.0
// What docs/tls.md shows works as it stands there; only ports and the paths of files are others.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "@grpc-router/cli";
import {
  type BridgeConnection,
  createConsoleLogger,
  createRouter,
  dialRouter,
  loadConfig,
  type RouterServer,
  serveRouter,
} from "@grpc-router/node";
import { afterAll, expect, test, vi } from "vitest";
import { userServiceRouter } from "../../examples/quickstart/src/gen/acme/user/v1/user_router.ts";
import { createTestIo } from "../../packages/cli/src/test-io.suite.ts";
import { createCertificate } from "../harness/certificate.ts";
import { fencedBlocks, sectionOf, shellWords } from "./markdown.ts";
import { bridge } from "./user-bridge.ts";

const page = readFileSync(new URL("../../docs/tls.md", import.meta.url), "utf8");
const blocks = fencedBlocks(sectionOf(page, "TLS"));
const files = createCertificate();
const module = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** A text of the page with the files of this test, which vouch for themselves. */
function here(text: string): string {
  return text.replaceAll(/\b(?:cert|ca)\.pem/g, files.cert).replaceAll(/\bkey\.pem/g, files.key);
}

/** Starts a command of the page in this process. */
function start(command: string) {
  const io = createTestIo();
  const done = run(shellWords(command).slice(2), io);
  const end = () => {
    io.interrupt();
    return done;
  };
  return { text: io.text, done, end };
}

test("the three commands serve, register and call over TLS", async () => {
  const [serve = "", register = "", call = ""] = (blocks.find(({ language }) => language === "sh")?.text ?? "")
    .split("\n")
    .map((line) =>
      here(line)
        .replace(
          "./dist/gen/acme/user/v1/user_router.js",
          module("../../examples/quickstart/src/gen/acme/user/v1/user_router.ts"),
        )
        .replace("./dist/bridge.js", module("./user-bridge.ts")),
    );
  const router = start(`${serve} --listen localhost:0 --no-admin --log-level warn`);
  stops.push(router.end);
  await vi.waitFor(() => expect(router.text.out).toMatch(/^ready /));
  const [, port = ""] = /^ready \S+:(\d+) /.exec(router.text.out) ?? [];
  const atPort = (command: string) => command.replace("localhost:8080", `localhost:${port}`);
  const instance = start(atPort(register));
  stops.push(instance.end);
  await vi.waitFor(() => expect(instance.text.out).toMatch(/^registered /), { timeout: 5_000 });
  const { text, done } = start(atPort(call));
  expect(await done, text.err).toBe(0);
  expect(text.out).toMatch(/^\{"user":\{"userId":"1",/);
});

test("the code serves and dials", async () => {
  const code = here(blocks.find(({ language }) => language === "ts")?.text ?? "")
    .replace("{ tls:", "{ port: 0, logger, tls:")
    .replace('"https://localhost:8080"', "server.url, logger");
  const parameters = { serveRouter, dialRouter, bridge, router: createRouter().service(userServiceRouter) };
  const logger = createConsoleLogger({ level: "silent" });
  const run = new Function(
    ...Object.keys(parameters),
    "logger",
    `return (async () => { ${code}; return { server, connection }; })()`,
  ) as (...values: unknown[]) => Promise<{ server: RouterServer; connection: BridgeConnection }>;
  const { server, connection } = await run(...Object.values(parameters), logger);
  stops.push(
    () => server.close(),
    async () => connection.close(),
  );
  await connection.ready;
  expect(server.url).toMatch(/^https:/);
  server.reloadCertificates();
  server.reloadCertificates(files);
});

test("the configuration of the page has a certificate for each of its names", () => {
  const folder = dirname(files.cert);
  const text = blocks.find(({ language }) => language === "yaml")?.text ?? "";
  writeFileSync(join(folder, "names.yaml"), text);
  const { settings, mistakes } = loadConfig(["names.yaml"], { folder });
  expect(mistakes).toEqual([]);
  expect(settings.client.tls?.names).toEqual({ "users.example": files, "*.apps.example": files });
});

test("the flags of the page are those of the command", async () => {
  const { text, done } = start("npx grpc-router serve --help");
  expect(await done).toBe(0);
  for (const flag of new Set(page.match(/--tls-[a-z]+/g))) expect(text.out).toContain(flag);
});
