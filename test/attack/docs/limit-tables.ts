// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { defaultKeepalive, defaultLimits } from "@grpc-router/http2";
import { defaultListenerLimits } from "@grpc-router/node";

const root = new URL("../../../", import.meta.url);

/** The limits of one HTTP/2 connection, from `packages/http2/src/limits.ts`. */
export function connectionLimitsTable(): string {
  return table(interfaceFields("packages/http2/src/limits.ts", "Limits"), defaultLimits);
}

/** The limits of a listener, from `packages/node/src/limits.ts`. */
export function listenerLimitsTable(): string {
  return table(interfaceFields("packages/node/src/limits.ts", "ListenerLimits"), defaultListenerLimits);
}

/** The times of keepalive in the server role, from `packages/http2/src/keepalive.ts`. */
export function keepaliveTable(): string {
  const { server } = defaultKeepalive;
  return table(interfaceFields("packages/http2/src/keepalive.ts", "KeepaliveOptions"), server);
}

/** What the calls of one connection, and the windows of all, may take, from `packages/runtime/src/connection-settings.ts`. */
export function connectionMemoryTable(): string {
  const fields = interfaceFields("packages/runtime/src/connection-settings.ts", "ConnectionSettings");
  const rows = fields.filter(({ name }) => name.endsWith("Bytes")).map(({ name, text }) => `| \`${name}\` | ${text} |`);
  return ["| limit | what it bounds |", "|---|---|", ...rows].join("\n");
}

/** Limits of the engine, but for those of its frame trace, that nobody has a reason to change. */
export function fixedLimitsTable(): string {
  const source = readFileSync(new URL("packages/http2/src/limits.ts", root), "utf8");
  const constants = source.matchAll(/^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport const (\w+)(?:: number)? = ([\d_]+);/gm);
  const rows = Array.from(constants, ([, comment = "", name = "", value = ""]) => {
    return `| \`${name}\` | ${formatValue(Number(value.replaceAll("_", "")))} | ${textOf(comment)} |`;
  }).filter((row) => !row.includes("frame trace"));
  return ["| limit | value | what it stops |", "|---|---|---|", ...rows].join("\n");
}

/** A field of an options interface, and what its comment says. */
interface Field {
  readonly name: string;
  readonly text: string;
}

/** The fields of an interface in their order; the source is ours, so its layout can be relied on. */
function interfaceFields(file: string, name: string): Field[] {
  const source = readFileSync(new URL(file, root), "utf8");
  const begin = source.indexOf(`export interface ${name} {`);
  const body = source.slice(begin, source.indexOf("\n}", begin));
  const fields = body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+readonly (\w+)\??:/g);
  return Array.from(fields, ([, comment = "", field = ""]) => ({ name: field, text: textOf(comment) }));
}

function table(fields: readonly Field[], defaults: object): string {
  const values = new Map<string, unknown>(Object.entries(defaults));
  // The column says it better.
  const withoutDefault = (text: string) => text.replace(/ Default [^.]*\.$/, "");
  const rows = fields.map(
    ({ name, text }) => `| \`${name}\` | ${formatValue(values.get(name))} | ${withoutDefault(text)} |`,
  );
  return ["| limit | default | what it bounds, and what it stops |", "|---|---|---|", ...rows].join("\n");
}

function formatValue(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return "off";
  return typeof value === "number" ? value.toLocaleString("en-US") : String(value);
}

/** A comment as the text of a cell. */
function textOf(comment: string): string {
  const text = comment.replaceAll(/\n\s*\*/g, " ").replaceAll(/\s+/g, " ");
  return text.replaceAll("|", "\\|").trim();
}
