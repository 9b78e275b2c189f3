// SPDX-License-Identifier: Apache-2.0
// The commands of docs/admin.md work, one after the other, on a router that runs.
import { readFileSync } from "node:fs";
import { run } from "@grpc-router/cli";
import {
  type AdminServer,
  createBridge,
  createConsoleLogger,
  createRouter,
  dialRouter,
  LogLevels,
  type RouterServer,
  serveAdmin,
  serveRouter,
} from "@grpc-router/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { userServiceBridge } from "../../examples/quickstart/src/gen/acme/user/v1/user_bridge.ts";
import { userServiceRouter } from "../../examples/quickstart/src/gen/acme/user/v1/user_router.ts";
import { createUserService } from "../../examples/quickstart/src/user-service.ts";
import { createTestIo } from "../../packages/cli/src/test-io.suite.ts";
import { commandsIn, markedBlocks, shellWords } from "./markdown.ts";

const page = readFileSync(new URL("../../docs/admin.md", import.meta.url), "utf8");
const commands = markedBlocks(page)
  .filter(({ mark }) => mark === "admin")
  .flatMap(({ text }) => commandsIn(text));

let server: RouterServer;
let admin: AdminServer;
const instances: ReturnType<typeof dialRouter>[] = [];

beforeAll(async () => {
  const logger = createConsoleLogger({ level: "silent" });
  server = await serveRouter(createRouter().service(userServiceRouter), { port: 0, logger });
  admin = await serveAdmin(server, { port: 0, logLevels: new LogLevels() });
  for (const id of ["users-1", "users-2"]) {
    const bridge = createBridge({ id }).service(userServiceBridge, createUserService(id));
    instances.push(dialRouter(bridge, { url: server.url, logger }));
  }
  await Promise.all(instances.map(({ ready }) => ready));
});
afterAll(async () => {
  for (const instance of instances) await instance.close();
  await admin.close();
  await server.close();
});

test.each(commands.map((line) => [line]))("%s", async (line) => {
  if (line.startsWith("curl ")) {
    await ask(line);
    return;
  }
  const [, , ...args] = shellWords(line);
  const io = createTestIo();
  const done = run(args[0] === "completion" ? args : [...args, "--admin", admin.url], io);
  const lasts = args.some((word) => word === "--watch" || word === "--follow");
  if (lasts) {
    // That something comes is another test's; here it must begin, and end when it is told to.
    await io.until(args.includes("--watch") ? /./ : /^/);
    io.interrupt();
  }
  const code = await done;
  expect({ code, err: io.text.err }).toEqual({ code: 0, err: "" });
  if (!args.includes("--follow")) expect(io.text.out).not.toBe("");
});

/** What curl would, from its words. */
async function ask(line: string): Promise<void> {
  const words = shellWords(line);
  const after = (flag: string) => words[words.indexOf(flag) + 1] ?? "";
  const url = words.find((word) => word.startsWith("http")) ?? "";
  const body = words.includes("-d")
    ? { method: "POST", body: after("-d"), headers: { "content-type": after("-H").split(": ")[1] ?? "" } }
    : {};
  const response = await fetch(url.replace("http://127.0.0.1:8081", admin.url), body);
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text).not.toBe("");
  if (response.headers.get("content-type") === "application/json") expect(JSON.parse(text)).toBeDefined();
}
