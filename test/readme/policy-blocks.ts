// SPDX-License-Identifier: Apache-2.0
// The examples of docs/balancing.md and docs/resilience.md, and the files that they are parts of.
import { markedBlocks } from "./markdown.ts";

/** Blocks of these pages, by the mark above them. */
const kinds = [
  "policy.proto",
  "policy.ts",
  "policy.yaml",
  "settings.ts",
  "custom-balancer.ts",
  "buf.yaml",
  "service-config.json",
  "tenants.yaml",
  "check",
] as const;

/** An example. */
export interface PolicyBlock {
  readonly kind: (typeof kinds)[number];
  /** Its file and package: `balancing3`. */
  readonly name: string;
  readonly text: string;
  /** The example after it. */
  readonly next: PolicyBlock | undefined;
}

/** The examples of a page, in order. */
export function policyBlocks(page: string, markdown: string): PolicyBlock[] {
  const prefix = page.replace(/^.*\/|\.md$/g, "");
  const blocks: PolicyBlock[] = [];
  for (const [index, { mark, text }] of [...markedBlocks(markdown).entries()].reverse()) {
    const kind = kinds.find((known) => known === mark);
    if (kind === undefined)
      throw new Error(`Cannot test a block of ${page}: it must be ${kinds.join(", ")}, received ${mark}`);
    blocks.unshift({ kind, name: `${prefix}${index + 1}`, text, next: blocks[0] });
  }
  return blocks;
}

/** The user's service in a package of its own, with the options of a block, and its methods in place of those of the file. */
export function serviceFile(user: string, { name, text }: PolicyBlock): string {
  const own = Array.from(text.matchAll(/^rpc (\w+)/gm), ([, method = ""]) => method);
  const [head = "", body = "", rest = ""] = user.split(/^(service UserService \{\n.*?^\})$/ms);
  const others = Array.from(body.matchAll(/^ {2}rpc (\w+)\(.*?(?:;|\{\n.*?^ {2}\})$/gms)).filter(([, method = ""]) => {
    return !own.includes(method);
  });
  const service = `service UserService {\n${text}${others.map(([method]) => `${method}\n`).join("")}}`;
  return `${head}${service}${rest}`
    .replace("package acme.user.v1;", `package page.${name}.v1;`)
    .replace("\nimport ", '\nimport "grpcrouter/v1/options.proto";\nimport ');
}

/** Another service with the same methods, for calls to fall back to. */
export function archiveFile(user: string): string {
  const [, service = ""] = /^(service UserService \{\n.*?^\})$/ms.exec(user) ?? [];
  const head = 'syntax = "proto3";\npackage acme.user.v1;\nimport "acme/user/v1/user.proto";\n';
  return `${head}${service.replace("UserService", "UserArchive")}\n`;
}

/** A module whose `run` does to a router what the block does. */
export function settingsModule({ text }: PolicyBlock): string {
  return `import type { Router } from "@grpc-router/node";
import { userServiceRouter } from "./gen/acme/user/v1/user_router.js";

export function run(router: Router): void {
${text}}
`;
}

/** The operator's file of a block, which says something of one service. */
export function policyFile({ text }: PolicyBlock): string {
  if (text.startsWith("services:")) return text;
  return `services:\n  acme.user.v1.UserService:\n${text.replaceAll(/^/gm, "    ").trimEnd()}\n`;
}
