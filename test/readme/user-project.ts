// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProcess } from "../harness/processes.ts";

/** The repository of somebody who follows the README, in a folder of its own. */
export interface UserProject {
  readonly folder: string;
  write(path: string, text: string): void;
  /** Runs a line of a shell in the folder. @throws Error with what it printed when it fails. */
  run(command: string): Promise<string>;
  remove(): void;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

const userService = `
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { GetUserResponseSchema, type UserService } from "./gen/acme/user/v1/user_pb.js";

export const userService: Partial<ServiceImpl<typeof UserService>> = {
  getUser({ userId }) {
    if (userId !== "1") throw new ConnectError("no such user", Code.NotFound);
    return create(GetUserResponseSchema, { user: { userId, name: "Ada" } });
  },
};
`;

/** The strictest settings that people have; without skipLibCheck, so our own declarations are checked as well. */
const compilerOptions = {
  target: "ES2024",
  lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
  types: ["node"],
  module: "NodeNext",
  rootDir: "src",
  outDir: "dist",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
};

/** What the README takes for granted: a module of protos, a ServiceImpl, TypeScript, and the packages that it names. */
export function createUserProject(): UserProject {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-readme-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write("package.json", JSON.stringify({ name: "users", private: true, type: "module" }));
  write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["src"] }));
  write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
  write("src/user-service.ts", userService);
  cpSync(join(root, "examples/quickstart/proto"), join(folder, "proto"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  return {
    folder,
    write,
    async run(command) {
      const { code, stdout, stderr } = await runProcess("sh", ["-c", command], { cwd: folder });
      if (code !== 0) throw new Error(`${command} ended with code ${code}:\n${stdout}${stderr}`);
      return stdout;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
