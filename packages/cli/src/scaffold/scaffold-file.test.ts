// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type ScaffoldOptions, scaffoldFile } from "./scaffold-file.js";

// Beside node_modules, so that what comes out can be compiled.
const root = fileURLToPath(new URL("../../../../", import.meta.url));
mkdirSync(`${root}.cache`, { recursive: true });
const folder = mkdtempSync(`${root}.cache/scaffold-`);
const compilerOptions = { noEmit: true, composite: false, skipLibCheck: true, lib: ["ES2024", "DOM"], types: ["node"] };
writeFileSync(
  `${folder}/tsconfig.json`,
  JSON.stringify({ extends: `${root}tsconfig.base.json`, compilerOptions, include: ["*.ts"] }),
);
cpSync(`${root}examples/quickstart/src/gen`, `${folder}/gen`, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

const pb = "./gen/acme/user/v1/user_pb.js";
const inDouble = `"${pb}"`;
const inSingle = `'${pb}'`;
const all = ["getUser", "watchUsers", "importUsers", "syncUsers"];

function scaffold(name: string, text: string | undefined, options: Partial<ScaffoldOptions> = {}) {
  const path = `${folder}/${name}`;
  if (text !== undefined) writeFileSync(path, text);
  const result = scaffoldFile(path, { bridge: false, ...options });
  writeFileSync(path, result.after);
  return result;
}

describe("scaffoldFile()", () => {
  it("changes nothing but what is missing, in the style of the file", () => {
    const before = `import type { ServiceImpl } from '@connectrpc/connect'
import { UserService } from ${inSingle}

// stays
export function createUserService(id: string): ServiceImpl<typeof UserService> {
\treturn {
\t\t// first
\t\tasync getUser(request) {
\t\t\treturn { user: { userId: request.userId + id } }
\t\t}, // behind it
\t\t/* last */
\t\timportUsers: async () => ({ imported: 0 }) // no comma
\t}
}
`;
    const { after, methods } = scaffold("functions.ts", before);
    expect(methods).toEqual(["watchUsers", "syncUsers"]);
    expect(after).toBe(`import type { ServiceImpl } from '@connectrpc/connect'
import { UserService } from ${inSingle}
import { Code, ConnectError } from '@connectrpc/connect'

// stays
export function createUserService(id: string): ServiceImpl<typeof UserService> {
\treturn {
\t\t// first
\t\tasync getUser(request) {
\t\t\treturn { user: { userId: request.userId + id } }
\t\t}, // behind it
\t\t/* last */
\t\timportUsers: async () => ({ imported: 0 }), // no comma
\t\tasync *watchUsers(_request) {
\t\t\tthrow new ConnectError('acme.user.v1.UserService/WatchUsers is not implemented', Code.Unimplemented)
\t\t},
\t\tasync *syncUsers(_requests) {
\t\t\tthrow new ConnectError('acme.user.v1.UserService/SyncUsers is not implemented', Code.Unimplemented)
\t\t},
\t}
}
`);
  });

  it.each([
    ["an object of the type", "object.ts", `export const users: ServiceImpl<typeof UserService> = {};\n`],
    [
      "an object that satisfies it",
      "satisfies.ts",
      `export const users = {} satisfies Partial<ServiceImpl<typeof UserService>>;\n`,
    ],
    ["an arrow function", "arrow.ts", `export const make = (): ServiceImpl<typeof UserService> => ({\n});\n`],
    ["a class", "class.ts", `export class Users implements ServiceImpl<typeof UserService> {}\n`],
    [
      "a class with members",
      "members.ts",
      `export class Users implements ServiceImpl<typeof UserService> {\n  readonly id = 7;\n}\n`,
    ],
    [
      "a class whose base is near",
      "base.ts",
      `class Base {\n  readonly count = 0;\n}\n\nexport class Users extends Base implements ServiceImpl<typeof UserService> {\n}\n`,
    ],
    [
      "Connect's router",
      "routes.ts",
      `export const routes = (router: ConnectRouter) => router.service(UserService, {});\n`,
    ],
    [
      "what Connect's router gets by name",
      "named.ts",
      `const users = {\n} satisfies object;\nexport const routes = (router: ConnectRouter) => router.service(UserService, users);\n`,
    ],
  ])("adds all methods to %s, and none the second time", (_, name, text) => {
    const types = text.includes("router") ? "ConnectRouter" : "ServiceImpl";
    const imports = `import type { ${types} } from "@connectrpc/connect";\nimport { UserService } from ${inDouble};\n\n`;
    const first = scaffold(name, imports + text, { bridge: name !== "base.ts" });
    expect(first.methods).toEqual(all);
    const second = scaffold(name, undefined, { bridge: true });
    expect(second.methods).toEqual([]);
    if (name !== "base.ts") expect(second.after).toBe(first.after);
  });

  it("begins an implementation where there is none", () => {
    const from = `${folder}/gen/acme/user/v1/user_pb.ts`;
    const { after } = scaffold("begun.ts", undefined, { from, bridge: true });
    expect(after).toContain(`import type { ServiceImpl } from "@connectrpc/connect";
import type { UserService } from ${inDouble};
import { Code, ConnectError } from "@connectrpc/connect";
import { createBridge, dialRouter } from "@grpc-router/node";
import { userServiceBridge } from "./gen/acme/user/v1/user_bridge.js";

export const userService: ServiceImpl<typeof UserService> = {
  async getUser(_request) {`);
    expect(scaffold("begun.ts", undefined, { from, bridge: true }).after).toBe(after);
  });

  it.each([
    ["no implementation", "export const x = 1;\n", {}, /Cannot find an implementation in wrong\.ts: .* Give --from/],
    [
      "generated code that is not there",
      `import { X } from "./gen/x_pb.js";\nexport const x: ServiceImpl<typeof X> = {};\n`,
      {},
      /Cannot read \.\/gen\/x_pb\.js: .*buf generate/,
    ],
    [
      "another service",
      `import { UserService } from ${inDouble};\nexport const x: ServiceImpl<typeof UserService> = {};\n`,
      { service: "Orders" },
      /--service must be one of acme\.user\.v1\.UserService, received Orders/,
    ],
    [
      "methods that are spread",
      `import { UserService } from ${inDouble};\nexport const x: ServiceImpl<typeof UserService> = {\n  ...base,\n};\n`,
      {},
      /wrong\.ts:3: what is spread into it .* received \.\.\.base/,
    ],
    [
      "a base class elsewhere",
      `import { UserService } from ${inDouble};\nclass X extends Base implements ServiceImpl<typeof UserService> {}\n`,
      {},
      /its base class must be in the same place, received Base/,
    ],
    [
      "a name that is taken",
      `import { UserService } from ${inDouble};\nconst Code = 1;\nconst x: ServiceImpl<typeof UserService> = {};\n`,
      {},
      /Cannot import Code from @connectrpc\/connect: the name must be free/,
    ],
    [
      "a bridge of what needs arguments",
      `import { UserService } from ${inDouble};\nconst x = (id: string): ServiceImpl<typeof UserService> => ({});\n`,
      { bridge: true },
      /Cannot add the bridge to wrong\.ts: the implementation in line 2 .* createBridge\(\)/,
    ],
    ["generated code of no service", "", { from: "nothing_pb.ts" }, /Cannot take a service from .*nothing_pb\.ts/],
  ])("refuses %s", (_, text, options, message) => {
    writeFileSync(`${folder}/wrong.ts`, text);
    expect(() => scaffoldFile(`${folder}/wrong.ts`, { bridge: false, ...options })).toThrow(message);
    rmSync(`${folder}/wrong.ts`);
  });

  it("writes what the compiler takes, strictly", () => {
    const compiler = `${root}node_modules/typescript/bin/tsc`;
    expect(readdirSync(folder).filter((name) => name.endsWith(".ts")).length).toBeGreaterThan(9);
    const { stdout, status } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  }, 60_000);
});
