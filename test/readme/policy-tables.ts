// SPDX-License-Identifier: Apache-2.0
// The tables of parameters in docs/balancing.md and docs/resilience.md are made of the comments of options.proto.
// `node test/readme/policy-tables.ts` writes them anew; policies.test.ts compares.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A field of a message of options.proto. */
export interface OptionField {
  /** As in the .proto: `initial_backoff`. */
  readonly name: string;
  /** As in code: `initialBackoffMs`. */
  readonly codeName: string;
  /** What holds where it is not said, as the comment has it; undefined: it must be said. */
  readonly absent: string | undefined;
  /** The rest of the comment. */
  readonly meaning: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const proto = readFileSync(`${root}packages/protocol/proto/grpcrouter/v1/options.proto`, "utf8");

/** The pages that have such tables. */
export const policyPages: readonly string[] = ["docs/balancing.md", "docs/resilience.md"];

/** The text of a page. */
export function readPage(page: string): string {
  return readFileSync(root + page, "utf8");
}

/** The fields of a message, in order. @throws Error without such a message. */
export function optionFields(message: string): OptionField[] {
  const [, body] = new RegExp(`^message ${message} \\{\\n(.*?)^\\}`, "ms").exec(proto) ?? [];
  if (body === undefined) throw new Error(`Cannot read options.proto: it must have a message ${message}`);
  const fields = body.matchAll(/((?: +\/\/ .*\n)+) +(?:optional |repeated )?([\w.]+) (\w+) = \d+;/g);
  return Array.from(fields, ([, comment = "", type = "", name = ""]) => {
    const text = comment.replaceAll(/\s*\/\/ /g, " ").trim();
    const [sentence = "", absent] = /(?:Absent|Empty|Absent or zero): (.*?)\.(?= |$)/.exec(text) ?? [];
    const camel = name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    return {
      name,
      codeName: type === "google.protobuf.Duration" ? `${camel}Ms` : camel,
      absent,
      meaning: text.replace(sentence, "").replaceAll("  ", " ").trim(),
    };
  });
}

/** The table of a message's parameters. */
export function policyTable(message: string): string {
  const rows = optionFields(message).map(({ name, codeName, absent, meaning }) => {
    return `| \`${name}\` | \`${codeName}\` | ${absent ?? "must be said"} | ${meaning} |`;
  });
  return ["| option | in code | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

/** Messages whose tables a page has, with what stands there. */
export function tablesOf(text: string): { readonly message: string; readonly table: string }[] {
  const parts = text.matchAll(/^<!-- written: (\w+) -->\n(.*?)^<!-- end of \1 -->$/gms);
  return Array.from(parts, ([, message = "", table = ""]) => ({ message, table: table.trimEnd() }));
}

/** The text with its tables as they should be. */
export function withTables(text: string): string {
  return text.replaceAll(/^(<!-- written: (\w+) -->\n).*?^(<!-- end of \2 -->)$/gms, (_, start, message, end) => {
    return `${start}${policyTable(message)}\n${end}`;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const page of policyPages) writeFileSync(root + page, withTables(readPage(page)));
}
