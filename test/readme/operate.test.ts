// SPDX-License-Identifier: Apache-2.0
// The walk of docs/operate.md: every command of the page, in order, with routers, bridges and a server as processes of their
// own, while clients call. Ports and the folder are others; commands of grpc-router that end run in this process.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "@grpc-router/cli";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestIo } from "../../packages/cli/src/test-io.suite.ts";
import { freePort } from "../harness/ports.ts";
import { type Running, runProcess, startProcess } from "../harness/processes.ts";
import { cli } from "../harness/serve-command.ts";
import { missingTool, toolsFolder } from "../harness/tools.ts";
import { shellWords } from "./markdown.ts";
import { type SteadyCallers, startSteadyCallers } from "./steady-callers.ts";
import { type WalkStep, walkAnswers, walkFile, walkSteps } from "./walk-blocks.ts";

const missing = missingTool("openssl") ?? missingTool("curl") ?? missingTool("grpcurl");
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const root = fileURLToPath(new URL("../../", import.meta.url));
/** `acme.user.v1.GetUserRequest{ user_id: "1" }` */
const getUserOne = Buffer.from([0x0a, 1, 0x31]);

/** The page's ports and those of this test. */
const ports = new Map([8080, 8081, 8082, 8090, 50_051].map((port) => [`${port}`, 0]));
/** In node_modules, so that npx finds the commands. */
let base = "";
/** Where the page's commands run. */
let folder = "";
const staying: { readonly line: string; readonly running: Running }[] = [];
let callers: SteadyCallers | undefined;

beforeAll(async () => {
  for (const port of ports.keys()) ports.set(port, await freePort());
  mkdirSync(`${root}node_modules/.cache`, { recursive: true });
  base = mkdtempSync(`${root}node_modules/.cache/operate-`);
  folder = base;
});
afterAll(async () => {
  await callers?.stop();
  await Promise.all(staying.map(({ running }) => running.stop()));
  if (base !== "") rmSync(base, { recursive: true });
});

/** A text of the page with the ports and paths of this test. */
function here(text: string): string {
  return text
    .replaceAll(/\b(?:8080|8081|8082|8090|50051)\b/g, (port) => `${ports.get(port)}`)
    .replaceAll("../../", root);
}

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the page to its end. */
async function toEnd(line: string): Promise<Outcome> {
  const command = here(line);
  if (/^npx grpc-router [^|<>]*$/.test(command)) {
    const io = createTestIo({ folder, env: { GRPC_ROUTER_ADMIN: `http://127.0.0.1:${ports.get("8081")}` } });
    const code = await run(shellWords(command).slice(2), io);
    return { code, stdout: io.text.out, stderr: io.text.err };
  }
  const env = { PATH: `${toolsFolder}:${process.env.PATH}` };
  const outcome = await runProcess("bash", ["-o", "pipefail", "-c", command], { cwd: folder, env });
  const [, inner] = /&& cd (\S+)$/.exec(command) ?? [];
  if (inner !== undefined) folder = join(folder, inner);
  return outcome;
}

/** Starts a command that stays, and waits until it says that it is ready. */
async function start(line: string): Promise<void> {
  const words = shellWords(here(line));
  const args = words[0] === "npx" ? [cli, ...words.slice(2)] : words.slice(1);
  const env = { PORT: `${ports.get("50051")}` };
  const running = await startProcess(process.execPath, { args, cwd: folder, env, ready: /^(?:ready|registered) / });
  staying.push({ line, running });
}

/** Makes the step, with calls before and after it. */
async function make({ line, stays, exitCode }: WalkStep): Promise<Outcome | undefined> {
  if (stays) {
    await start(line);
    await callers?.more(1);
    return undefined;
  }
  const outcome = await toEnd(line);
  expect(outcome.code, `${line}\n${outcome.stdout}${outcome.stderr}`).toBe(exitCode);
  await callers?.more(1);
  return outcome;
}

/** What answers must say, where a code of 0 is not all of it. */
const said: readonly (readonly [command: RegExp, answer: RegExp])[] = [
  [/ call |^grpcurl /, /"Ada"/],
  [/ instances$/, /users-1 [\s\S]*users-2 /],
  [/ top$/, /users-1/],
  [/^tail /, /^\{"time":"20.*"method":"acme\.user\.v1\.UserService\/GetUser","status":"OK"/],
  [/^curl /, /acme\.user\.v1\.UserService\/GetUser.*\} [1-9]/],
  [/ --explain /, /^timeoutMs +2000 +configuration for the method$/m],
  [/ policy /, /^timeoutMs +2000 +configuration for the method$/m],
  [/ reload --check$/, /^It would be taken: 0 changes\n$/],
  [/^openssl s_client /, /^subject=CN = renewed\n/],
];

describe.skipIf(missing !== undefined)("docs/operate.md", () => {
  test("has its steps", () => {
    expect(walkSteps.filter(({ stays }) => stays).length).toBe(5);
    expect(walkSteps.length).toBeGreaterThan(24);
    for (const [command] of said)
      expect(
        walkSteps.some(({ line }) => command.test(line)),
        `${command}`,
      ).toBe(true);
  });

  test("works from its first command to its last, and no call fails", async () => {
    for (const [index, step] of walkSteps.entries()) {
      const { line, heading } = step;
      if (heading.startsWith("2.") && !existsSync(join(folder, "router.yaml"))) {
        writeFileSync(join(folder, "router.yaml"), here(walkFile("router.yaml")));
      }
      if (heading.startsWith("4.") && callers === undefined) callers = await startCallers();
      // The last step stops what the clients call.
      if (index === walkSteps.length - 1) await callers?.stop();
      const outcome = await make(step);
      for (const [command, answer] of said) if (command.test(line)) expect(outcome?.stdout, line).toMatch(answer);
      if (step.exitCode !== 0) for (const answer of walkAnswers) expect(outcome?.stdout).toContain(here(answer));
      expect(callers?.failures ?? [], line).toEqual([]);
    }
    const routers = staying.filter(({ line }) => line.includes(" serve ")).map(({ running }) => running);
    expect(await Promise.all(routers.map(({ exited }) => exited))).toEqual([0, 0]);
    const errors = routers.flatMap(({ output }) => output.filter((line) => / error /.test(line)));
    expect(errors.filter((line) => !/ event=config_(?:mistake|kept)/.test(line))).toEqual([]);
    expect(callers?.done).toBeGreaterThan(100);
    console.log(`${callers?.done} calls, none failed`);
  }, 60_000);
});

async function startCallers(): Promise<SteadyCallers> {
  const started = startSteadyCallers(here("ipv4:127.0.0.1:8080,127.0.0.1:8090"), {
    path: "/acme.user.v1.UserService/GetUser",
    request: getUserOne,
    ca: readFileSync(join(folder, "ca.pem")),
  });
  await started.more(5);
  return started;
}
