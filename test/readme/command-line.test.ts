// SPDX-License-Identifier: Apache-2.0
// What the README shows of the command line, run as it stands there; only the ports are others.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, runProcess, startProcess } from "../harness/processes.ts";
import { commandsIn, markedBlock } from "./markdown.ts";
import { createUserProject, type UserProject } from "./user-project.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readme = readFileSync(`${root}README.md`, "utf8");
const commands = commandsIn(markedBlock(readme, "command line"));

let project: UserProject;
let port: number;
let adminPort: number;
const running: Running[] = [];

beforeAll(async () => {
  project = createUserProject();
  [port = 0, adminPort = 0] = await freePorts(2);
  project.write("buf.gen.yaml", markedBlock(readme, "buf.gen.yaml"));
  project.write("src/bridge.ts", markedBlock(readme, "bridge.ts"));
  await project.run("npx buf generate");
  await project.run("npx tsc -p .");
});
afterAll(async () => {
  await Promise.all(running.map((program) => program.stop()));
  project.remove();
});

test("a router and an instance without a start of one's own serve a call, and end with 0", async () => {
  const router = await start("serve", ["--listen", `127.0.0.1:${port}`, "--admin", `127.0.0.1:${adminPort}`]);
  expect(router.line).toBe(`ready 127.0.0.1:${port} pid ${router.pid}`);
  const instance = await start("bridge", []);
  expect(instance.line).toBe(`registered pid ${instance.pid}`);
  const answer = '{"user":{"userId":"1","name":"Ada"}}\n';
  expect(await project.run(here(commandOf("call")))).toBe(answer);
  expect(await project.run(here(commandsIn(markedBlock(readme, "call"))[0] ?? ""))).toBe(answer);
  const table = await project.run(`${commandOf("instances")} --admin http://127.0.0.1:${adminPort}`);
  expect(table).toMatch(/^SERVICE +INSTANCE .*\nacme\.user\.v1\.UserService +users-2 +serving +0 /);
  const stats = await project.run(`${commandOf("stats")} --admin http://127.0.0.1:${adminPort}`);
  expect(stats).toMatch(/^Since the start .*\nconnections +1 +\d+ +\d+\nstreams +1 +\d+ /s);
  expect(await project.run(commandOf("version"))).toMatch(/^grpc-router \d+\.\d+\.\d+ /);
  for (const program of [instance, router]) {
    program.kill("SIGTERM");
    expect(await program.exited, program.output.join("\n")).toBe(0);
  }
});

test("every command of the block is one that this suite runs", () => {
  const names = commands.map((line) => /^npx grpc-router (\w+)/.exec(line)?.[1]);
  expect(names).toEqual(["serve", "bridge", "instances", "stats", "call", "version"]);
});

test("packing gives a file for every package that the README installs, and what these need", async () => {
  const [line = ""] = commandsIn(markedBlock(readme, "pack"));
  const pack = line.split(" && ").at(-1) ?? "";
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-pack-"));
  const { code, stderr } = await runProcess("sh", ["-c", `${pack} ${folder}`], { cwd: root });
  expect(code, stderr).toBe(0);
  const files = readdirSync(folder).map((file) => file.replace(/-\d+\.\d+\.\d+\.tgz$/, ""));
  rmSync(folder, { recursive: true });
  const own = ["bridge", "cli", "http2", "node", "protocol", "runtime"].map((name) => `grpc-router-${name}`);
  expect(files.sort()).toEqual([...own, "protoc-gen-grpc-router"]);
});

/** Starts a command that stays. Not by npx, which keeps signals for itself. */
async function start(command: string, more: readonly string[]) {
  const [, ...args] = here(commandOf(command)).split(/\s+/).slice(1);
  const program = join(project.folder, "node_modules/.bin/grpc-router");
  const ready = /^(ready|registered) /;
  const started = await startProcess(program, { args: [...args, ...more], cwd: project.folder, ready });
  running.push(started);
  return started;
}

function commandOf(name: string): string {
  const line = commands.find((text) => text.startsWith(`npx grpc-router ${name}`));
  if (line === undefined) throw new Error(`The README must show "npx grpc-router ${name}"`);
  return line;
}

function here(text: string): string {
  return text.replaceAll("8080", `${port}`);
}

/** Ports that nobody listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.once("listening", resolve))));
  const ports = probes.map((probe) => (probe.address() as { readonly port: number }).port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}
