// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { runProcess } from "../harness/processes.ts";
import { requireTool } from "../harness/tools.ts";

/** What sslscan found. */
export interface SslScan {
  /** `ssl 3`, `tls 1.2` and so on, those that the server speaks. */
  readonly protocols: readonly string[];
  /** `TLSv1.2 ECDHE-…`, every suite that it took. */
  readonly suites: readonly string[];
  /** Groups of the key exchange. */
  readonly groups: readonly string[];
  readonly renegotiation: boolean;
  readonly heartbleed: boolean;
}

/** Scans `address` and keeps sslscan's own report in `file` (XML). */
export async function runSslScan(address: string, file: string): Promise<SslScan> {
  await runProcess(requireTool("sslscan"), ["--no-colour", `--xml=${file}`, address]);
  const xml = readFileSync(file, "utf8");
  return {
    protocols: elements(xml, "protocol").flatMap(({ type, version, enabled }) =>
      enabled === "1" ? [`${type} ${version}`] : [],
    ),
    suites: elements(xml, "cipher").map(({ sslversion, cipher }) => `${sslversion} ${cipher}`),
    groups: [...new Set(elements(xml, "group").map(({ name = "" }) => name))],
    renegotiation: elements(xml, "renegotiation").some(({ supported }) => supported !== "0"),
    heartbleed: elements(xml, "heartbleed").some(({ vulnerable }) => vulnerable !== "0"),
  };
}

/** The attributes of every element of this name; sslscan writes each on a line of its own. */
function elements(xml: string, name: string): Readonly<Record<string, string>>[] {
  const found = xml.match(new RegExp(`<${name} [^>]*/>`, "g")) ?? [];
  return found.map((text) =>
    Object.fromEntries(Array.from(text.matchAll(/(\w+)="([^"]*)"/g), ([, key = "", value = ""]) => [key, value])),
  );
}
