// SPDX-License-Identifier: Apache-2.0

import type { ConfigFault, ConfigPath } from "@grpc-router/protocol";
import { CONFIG_DEPTH } from "../limits.js";

/** Variables of an environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What `substituteVariables` answers. */
export interface Substituted {
  readonly value: unknown;
  readonly faults: readonly ConfigFault[];
  /** Texts that came from variables, by their paths as JSON: they may stand for numbers and flags, too. */
  readonly substituted: ReadonlySet<string>;
}

/** `$${` is what is left of it, `${…}` a variable; without an end it is nobody's. */
const markers = /\$\$\{|\$\{([^{}\n]*)\}|\$\{/g;
const variableForm = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Puts variables into the texts of a parsed file: `${NAME}`, or `${NAME:-default}` where it may be unset or empty;
 * `$${` stands for `${` itself. Names of fields stay as they are, and what a variable holds is never parsed, so it cannot
 * add fields.
 */
export function substituteVariables(value: unknown, variables: Variables): Substituted {
  const faults: ConfigFault[] = [];
  const substituted = new Set<string>();
  const walk = (inner: unknown, path: ConfigPath): unknown => {
    if (typeof inner === "string") {
      const text = substituteText(inner, variables, (reason) => faults.push({ path, reason }));
      if (text !== inner) substituted.add(JSON.stringify(path));
      return text;
    }
    if (typeof inner !== "object" || inner === null) return inner;
    if (path.length >= CONFIG_DEPTH) {
      faults.push({ path, reason: `it must be nested at most ${CONFIG_DEPTH} deep, received more` });
      return null;
    }
    if (Array.isArray(inner)) return inner.map((item, index) => walk(item, [...path, index]));
    return Object.fromEntries(Object.entries(inner).map(([name, item]) => [name, walk(item, [...path, name])]));
  };
  return { value: walk(value, []), faults, substituted };
}

function substituteText(text: string, variables: Variables, refuse: (reason: string) => void): string {
  return text.replaceAll(markers, (marker: string, inside: string | undefined) => {
    if (marker === "$${") return "${";
    const match = variableForm.exec(inside ?? "");
    if (match === null) {
      refuse(
        `a variable must be \${NAME} or \${NAME:-default}, received ${marker.slice(0, 40)}; write $\${ for \${ itself`,
      );
      return marker;
    }
    const [, name = "", preset] = match;
    const said = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (preset !== undefined) return said === undefined || said === "" ? preset : said;
    if (said !== undefined) return said;
    refuse(`the variable ${name} must be set, it is not; \${${name}:-default} has a default`);
    return marker;
  });
}
