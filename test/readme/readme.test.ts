// SPDX-License-Identifier: Apache-2.0
// What the README tells people to do in their own repository, done to the letter.
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { create, toJson } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GetUserRequestSchema,
  GetUserResponseSchema,
  UserService,
} from "../../examples/quickstart/src/gen/acme/user/v1/user_pb.ts";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { type Running, startProcess } from "../harness/processes.ts";
import { fencedBlocks, sectionOf } from "./markdown.ts";
import { createUserProject, type UserProject } from "./user-project.ts";

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const snippetsOf = (markdown: string, language: string) =>
  fencedBlocks(markdown)
    .filter((block) => block.language === language)
    .map(({ text }) => text);

const section = sectionOf(textOf("README.md"), "In your own repository");
const [generation = ""] = snippetsOf(section, "yaml");
const [router = "", instance = ""] = snippetsOf(section, "ts");
const commands = snippetsOf(section, "sh").flatMap((text) => text.trim().split("\n"));

let project: UserProject;
let port: number;

beforeAll(async () => {
  project = createUserProject();
  port = await freePort();
  const here = (text: string) => text.replaceAll("8080", `${port}`);
  project.write("buf.gen.yaml", generation);
  project.write("src/router.ts", here(router));
  project.write("src/instance.ts", here(instance));
  // The packages' own pages show the same two programs with other options.
  for (const name of ["node", "bridge"]) {
    snippetsOf(textOf(`packages/${name}/README.md`), "ts").forEach((text, index) => {
      project.write(`src/${name}-${index + 1}.ts`, text);
    });
  }
});
afterAll(() => project.remove());

describe("README, In your own repository", () => {
  test("has the files and commands that this suite follows", () => {
    expect(generation).toContain("protoc-gen-grpc-router");
    expect(router).toMatch(/serveRouter\(.*port: 8080/);
    expect(instance).toMatch(/dialRouter\(.*localhost:8080/);
    expect(commands).toContain("npx buf generate");
  });

  test("installs every package that the snippets name", () => {
    const installed = commands.filter((line) => line.startsWith("npm install ")).flatMap((line) => line.split(" "));
    const plugins = Array.from(generation.matchAll(/local: (\S+)/g), ([, name]) => name);
    const packages = [generation, router, instance].join("\n").match(/@grpc-router\/\w+/g) ?? [];
    for (const name of [...plugins, ...packages]) {
      expect(installed.map((word) => word.replace("@bufbuild/protoc", "protoc"))).toContain(name);
    }
  });

  test("generates, compiles under the strictest settings, serves a call, and both programs end with 0", async () => {
    await project.run("npx buf generate");
    await project.run("npx tsc -p .");
    const programs: Running[] = [];
    try {
      // Neither says anything by itself, so their logs tell when they are there.
      programs.push(await start("router", /event=listening/));
      programs.push(await start("instance", /event=registered/));
      expect(await getUser("1")).toEqual({ code: status.OK, messages: [{ user: { userId: "1", name: "Ada" } }] });
      expect(await getUser("2")).toEqual({ code: status.NOT_FOUND, messages: [] });
      for (const program of programs.toReversed()) {
        program.kill("SIGTERM");
        expect(await program.exited, program.output.join("\n")).toBe(0);
      }
    } finally {
      await Promise.all(programs.map((program) => program.stop()));
    }
  });
});

function start(name: string, ready: RegExp): Promise<Running> {
  const program = join(project.folder, "dist", `${name}.js`);
  return startProcess(process.execPath, { args: [program], cwd: project.folder, ready });
}

async function getUser(userId: string) {
  const client = createGrpcJsClient(`localhost:${port}`);
  const options = { deadline: Date.now() + 10_000 };
  const request = create(GetUserRequestSchema, { userId });
  try {
    const { code, messages } = await client.call(UserService.method.getUser, [request], { options });
    return { code, messages: messages.map((message) => toJson(GetUserResponseSchema, message)) };
  } finally {
    client.close();
  }
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
