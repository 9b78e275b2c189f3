// SPDX-License-Identifier: Apache-2.0
// What docs/observability.md shows is what a router shows: the same calls and the same attacker give the same text. Only
// ports, times and what depends on them differ.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { run } from "@grpc-router/cli";
import {
  type AccessLog,
  type AdminServer,
  createAccessLog,
  createBridge,
  createConsoleLogger,
  createRouter,
  dialRouter,
  type RouterServer,
  serveAdmin,
  serveRouter,
} from "@grpc-router/node";
import { rawPing, rawPreface, rawSettings } from "@grpc-router/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { userServiceBridge } from "../../examples/quickstart/src/gen/acme/user/v1/user_bridge.ts";
import { GetUserRequestSchema, UserService } from "../../examples/quickstart/src/gen/acme/user/v1/user_pb.ts";
import { userServiceRouter } from "../../examples/quickstart/src/gen/acme/user/v1/user_router.ts";
import { createUserService } from "../../examples/quickstart/src/user-service.ts";
import { createTestIo } from "../../packages/cli/src/test-io.suite.ts";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { connectRawSocket } from "../harness/raw-socket.ts";
import { commandsIn, fencedBlocks, sectionOf } from "./markdown.ts";

const page = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");
const commandsOf = (title: string) => commandsIn(blockOf(title, "sh"));

const lines: string[] = [];
const folder = mkdtempSync(join(tmpdir(), "grpc-router-observability-page-"));
const formats = ["json", "text"] as const;
let accessLogs: readonly AccessLog[] = [];
let server: RouterServer;
let admin: AdminServer;
let instance: ReturnType<typeof dialRouter>;
let client: ReturnType<typeof createGrpcJsClient> | undefined;

beforeAll(async () => {
  const logger = createConsoleLogger({ level: "silent" });
  server = await serveRouter(createRouter().service(userServiceRouter), {
    port: 0,
    logger,
    trace: (line) => lines.push(line),
  });
  accessLogs = formats.map((format) => createAccessLog({ path: join(folder, format), format, logger }));
  for (const log of accessLogs) server.watch(log);
  admin = await serveAdmin(server, { port: 0 });
  const bridge = createBridge({ id: "users-1" }).service(userServiceBridge, createUserService("users-1"));
  instance = dialRouter(bridge, { url: server.url, logger });
  await instance.ready;
});
afterAll(async () => {
  client?.close();
  await instance.close();
  await admin.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

test("the frames of a call are those of the page", async () => {
  client = createGrpcJsClient(`localhost:${server.address.port}`);
  const metadata = new grpc.Metadata();
  metadata.set("authorization", "Bearer 0123456789");
  const request = create(GetUserRequestSchema, { userId: "1" });
  const { code } = await client.call(UserService.method.getUser, [request], { metadata });
  expect(code).toBe(grpc.status.OK);
  const address = lines.find((line) => line.endsWith("/GetUser"))?.split(" ")[0] ?? "";
  const shown = lines.filter((line) => line.startsWith(`${address} `)).join("\n");
  const [sample = ""] = textBlocks("Frames");
  expect(
    shown
      .slice(0, shown.indexOf("grpc-status: 0") + "grpc-status: 0".length)
      .split("\n")
      .map(comparable),
  ).toEqual(sample.trimEnd().split("\n").map(comparable));
});

test("the lines of that call in an access log are those of the page", async () => {
  await Promise.all(accessLogs.map((log) => log.close()));
  const written = formats.map((format) => readFileSync(join(folder, format), "utf8")).join("");
  const [sample = ""] = textBlocks("Access log");
  const common = (text: string) =>
    text
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replaceAll(/[\d.]+ms|(?<="durationMs":)[\d.]+/g, "DURATION")
      .replaceAll(/(127\.0\.0\.1|\[::1?\]):\d+/g, "PEER");
  expect(common(written)).toBe(common(sample));
});

test("the configuration of the access log is one", async () => {
  writeFileSync(join(folder, "router.yaml"), blockOf("Access log", "yaml"));
  const io = createTestIo({ folder });
  const done = run(["serve", "--config", "router.yaml", "--no-admin", "--listen", "127.0.0.1:0"], io);
  await io.until(/^ready /m);
  io.interrupt();
  expect([await done, io.text.out]).toEqual([0, expect.stringMatching(/^ready /)]);
  expect(readFileSync(join(folder, "access.log"), "utf8")).toBe("");
});

test("the counts after a call and a client that asks too often are those of the page", async () => {
  const attacker = await connectRawSocket(server.address);
  attacker.send(rawPreface, rawSettings(), rawPing(), rawPing(), rawPing(), rawPing());
  await attacker.until(() => attacker.goawayCode === 11, "GOAWAY");
  attacker.close();
  const [command = ""] = commandsOf("Counts");
  expect(command).toBe("npx grpc-router stats");
  const { code, out } = await runCli(command);
  expect(code).toBe(0);
  const [sample = ""] = textBlocks("Counts");
  expect(out.replace(/start .* ago/, "start 3s ago")).toBe(sample);
});

test("every other command of the page is one that there is", async () => {
  const others = ["Traces", "Log", "Access log", "Frames"].flatMap(commandsOf);
  for (const command of [...commandsOf("Counts").slice(1), ...others]) {
    const flags = command.match(/(?<= )--?[a-z][a-z-]*/g) ?? [];
    const [, name = ""] = /^npx grpc-router ([\w-]+)/.exec(command) ?? [];
    const { code, out } = await runCli(`npx grpc-router ${name} --help`);
    expect(code, command).toBe(0);
    for (const flag of flags) expect(out).toContain(flag);
  }
});

/** Runs a command of the page in this process, against this router. */
async function runCli(command: string) {
  const args = command.split(/\s+/).slice(2);
  const io = createTestIo();
  const more = args.includes("--help") ? [] : ["--admin", admin.url];
  return { code: await run([...args, ...more], io), ...io.text };
}

function blockOf(title: string, language: string): string {
  const block = fencedBlocks(sectionOf(page, title)).find((one) => one.language === language);
  if (block === undefined) throw new Error(`The page must have a block of ${language} under "${title}"`);
  return block.text;
}

/** The samples: blocks without a language. */
function textBlocks(title: string): string[] {
  return fencedBlocks(sectionOf(page, title))
    .filter(({ language }) => language === "")
    .map(({ text }) => text);
}

/** A line without what differs from run to run: ports, times, lengths that follow from them, versions. */
function comparable(line: string): string {
  return line
    .replace(/^\S+ +/, "")
    .replace(/^\d+\.\d{6}/, "0.000000")
    .replace(/(:authority: localhost:)\d+/, "$18080")
    .replace(/^(0\.000000 recv HEADERS .*length=)\d+/, "$1100")
    .replace(/grpc-node-js\/[\d.]+/, "grpc-node-js/1.0.0");
}
