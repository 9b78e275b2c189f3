// SPDX-License-Identifier: Apache-2.0
// What docs/stock-router.md shows, run as it stands there; only the ports are others.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UserService } from "../../examples/quickstart/src/gen/acme/user/v1/user_pb.ts";
import { freePort } from "../harness/ports.ts";
import { type Running, runProcess, startProcess } from "../harness/processes.ts";
import { cli } from "../harness/serve-command.ts";
import { commandsIn, markedBlock, shellWords } from "./markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/stock-router.md`, "utf8");
/** In node_modules, so that what is written there finds the packages. */
let folder = "";
const running: Running[] = [];
const users = createServer(
  connectNodeAdapter({
    routes: (router) =>
      void router.service(UserService, { getUser: ({ userId }) => ({ user: { userId, name: "Ada" } }) }),
  }),
);

beforeAll(async () => {
  mkdirSync(`${root}node_modules/.cache`, { recursive: true });
  folder = mkdtempSync(`${root}node_modules/.cache/stock-router-`);
  cpSync(`${root}examples/quickstart/proto`, join(folder, "proto"), { recursive: true });
  writeFileSync(join(folder, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n");
  await new Promise<void>((resolve) => users.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()));
  users.close();
  rmSync(folder, { recursive: true });
});

test("a set, a router of it, a server behind the bridge, and a call", async () => {
  const [build, serve, bridge, call] = commandsIn(markedBlock(page, "stock router"));
  const port = await freePort();
  const target = (users.address() as AddressInfo).port;
  const argsOf = (line = "") =>
    shellWords(line.replace(/^npx grpc-router /, "")).map((word) => {
      return word.replace("localhost:8080", `127.0.0.1:${port}`).replace(":50051", `:${target}`);
    });
  execFileSync("npx", (build ?? "").split(" ").slice(1), { cwd: folder });
  const start = async (args: readonly string[], ready: RegExp): Promise<void> => {
    running.push(await startProcess(process.execPath, { args: [cli, ...args], cwd: folder, ready }));
  };
  await start([...argsOf(serve), "--listen", `127.0.0.1:${port}`, "--no-admin"], /^ready /);
  await start(argsOf(bridge), /takes calls/);
  const { code, stdout, stderr } = await runProcess(process.execPath, [cli, ...argsOf(call)]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ user: { userId: "1", name: "Ada" } });
});

test("the same from code", async () => {
  const program = join(folder, "router.mjs");
  writeFileSync(program, `${markedBlock(page, "stock-router.js").replace("8080", "0")}\nconsole.log("changed");\n`);
  const router = await startProcess(process.execPath, { args: [program], cwd: folder, ready: /^changed/ });
  running.push(router);
  expect(router.output.join("\n")).toMatch(/Took new services: changed: acme\.user\.v1\.UserService/);
});
