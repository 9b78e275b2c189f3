// SPDX-License-Identifier: Apache-2.0
import { HeadKind } from "@grpc-router/http2";
import type { Field } from "./hpack-oracle.ts";

// RFC 9113 section 8 once more, on plain strings and by regular expressions: what the engine does on octets, without a
// line in common.

const names = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const forbiddenNames = /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/;
const requestPseudo = /^:(method|scheme|authority|path)$/;
const host = /^(?:(?![@/\\?#])[!-~\u0080-\u00ff])*$/;
const rules: readonly (readonly [names: RegExp, value: RegExp])[] = [
  [/^/, /^(?![ \t])[^\0\r\n]*$(?<![ \t])/],
  [/^:method$/, /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/],
  [/^:scheme$/, /^[a-zA-Z][a-zA-Z0-9+.-]*$/],
  [/^(:authority|host)$/, host],
  [/^:path$/, /^[!-~\u0080-\u00ff]+$/],
  [/^:status$/, /^(?!101)[1-9][0-9][0-9]$/],
  [/^te$/, /^trailers$/i],
  [/^content-length$/, /^[0-9]{1,15}$/],
];

/** Whether a header list of this kind keeps every rule of RFC 9113 section 8. */
export function isWellFormed(kind: HeadKind, fields: readonly Field[]): boolean {
  const pseudo = fields.filter(([name]) => name.startsWith(":"));
  const regular = fields.filter(([name]) => !name.startsWith(":"));
  if (fields.slice(0, pseudo.length).some(([name]) => !name.startsWith(":"))) return false;
  if (regular.some(([name]) => !names.test(name) || forbiddenNames.test(name))) return false;
  if (fields.some(([name, value]) => rules.some(([applies, rule]) => applies.test(name) && !rule.test(value)))) {
    return false;
  }
  const values = (wanted: string) => fields.filter(([name]) => name === wanted).map(([, value]) => value.toLowerCase());
  const hosts = values("host");
  const authorities = values(":authority");
  if (hosts.length > 1 || values("content-length").length > 1) return false;
  if (authorities.length > 0 && hosts.some((value) => value !== authorities[0])) return false;
  return arePseudoFieldsComplete(kind, pseudo);
}

function arePseudoFieldsComplete(kind: HeadKind, pseudo: readonly Field[]): boolean {
  const seen = new Map(pseudo);
  if (seen.size !== pseudo.length) return false;
  switch (kind) {
    case HeadKind.trailers:
      return seen.size === 0;
    case HeadKind.response:
      return seen.size === 1 && seen.has(":status");
    case HeadKind.request:
      if (pseudo.some(([name]) => !requestPseudo.test(name))) return false;
      if (seen.get(":method") === "CONNECT") return seen.size === 2 && seen.has(":authority");
      return seen.has(":method") && seen.has(":scheme") && seen.has(":path");
  }
}

/** The size of a header list by RFC 9113 section 6.5.2. */
export function sizeOfFields(fields: readonly Field[]): number {
  return fields.reduce((size, [name, value]) => size + name.length + value.length + 32, 0);
}
