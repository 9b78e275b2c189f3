// SPDX-License-Identifier: Apache-2.0
// What docs/security.md shows of credentials works as it stands there; only the port and the paths of modules are others.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "@grpc-router/cli";
import { readCredentials } from "@grpc-router/node";
import { reasons } from "@grpc-router/protocol";
import { afterAll, expect, test, vi } from "vitest";
import { createTestIo } from "../../packages/cli/src/test-io.suite.ts";
import { fencedBlocks, sectionOf } from "./markdown.ts";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
const section = sectionOf(page, "Who may register");
const blocks = fencedBlocks(section);
const textOf = (wanted: string) => blocks.find(({ language }) => language === wanted)?.text ?? "";
const module = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "grpc-router-readme-"));
const env = { USERS_TOKEN: "the-second-token-of-users" };
writeFileSync(join(folder, "credentials.json"), textOf("json"));
writeFileSync(join(folder, "users.token"), "the-first-token-of-users\n");
const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true });
});

/** Starts a command of the page in this process. */
function start(command: string) {
  const io = createTestIo({ folder, env });
  const done = run(command.split(" ").slice(2), io);
  const end = () => {
    io.interrupt();
    return done;
  };
  stops.push(end);
  return { text: io.text, done, end };
}

test("the file is read", () => {
  const credentials = readCredentials(join(folder, "credentials.json"), { env });
  expect(credentials.map(({ name }) => name)).toEqual(["users", "billing", "laptops"]);
});

test("the commands serve and register", async () => {
  const [serve = "", register = ""] = textOf("sh")
    .split("\n")
    .map((line) =>
      line
        .replace(
          "./dist/gen/acme/user/v1/user_router.js",
          module("../../examples/quickstart/src/gen/acme/user/v1/user_router.ts"),
        )
        .replace("./dist/bridge.js", module("./user-bridge.ts")),
    );
  const router = start(`${serve} --listen localhost:0 --no-admin`);
  await vi.waitFor(() => expect(router.text.out).toMatch(/^ready /), { timeout: 5_000 });
  const [, port = ""] = /^ready \S+:(\d+) /.exec(router.text.out) ?? [];
  const instance = start(register.replace("localhost:8080", `localhost:${port}`));
  await vi.waitFor(() => expect(instance.text.out).toMatch(/^registered /), { timeout: 5_000 });
});

test("the flags and reasons of the page are those of the commands", async () => {
  const help = await Promise.all(
    ["serve", "bridge"].map(async (name) => {
      const { text, done } = start(`npx grpc-router ${name} --help`);
      expect(await done).toBe(0);
      return text.out;
    }),
  );
  const flags = new Set(section.match(/--[a-z][a-z-]+/g));
  for (const flag of flags) expect(help.join("\n")).toContain(flag);
  const named = Array.from(section.matchAll(/^\| `([A-Z_]+)` \|/gm), ([, word = ""]) => word);
  expect(named).toHaveLength(5);
  for (const word of named) expect(Object.keys(reasons)).toContain(word);
  // What a router without credentials says of itself.
  const router = start(
    "npx grpc-router serve --module MODULE --listen localhost:0 --no-admin".replace(
      "MODULE",
      module("../../examples/quickstart/src/gen/acme/user/v1/user_router.ts"),
    ),
  );
  await vi.waitFor(() => expect(router.text.out).toMatch(/^ready /), { timeout: 5_000 });
  expect(router.text.err).toContain("Only this machine can reach the router: instances need no credential");
  expect(section).toContain("`Only this machine can reach the router: instances need no credential`");
});
