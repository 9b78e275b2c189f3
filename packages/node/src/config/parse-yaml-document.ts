// SPDX-License-Identifier: Apache-2.0

import type { ConfigPath } from "@grpc-router/protocol";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument, visit } from "yaml";
import type { ConfigDocument, FilePosition, TextMistake } from "./config-document.js";

/** Aliases that a value may be made of: a few lines can stand for gigabytes ("billion laughs"). */
const maxAliases = 100;

/** Parses a YAML file (1.2, core schema). Names that are there twice are mistakes. */
export function parseYamlDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ""), {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: "error",
  });
  const at = (offset: number): FilePosition => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const findPosition = (path: ConfigPath) => at(offsetOf(document, path));
  // One stray token makes all that follow it stray, too.
  const errors = document.errors.filter(({ code }, index) => index === 0 || code !== "UNEXPECTED_TOKEN");
  const mistakes: TextMistake[] = errors.map(({ pos, message }) => ({
    ...at(pos[0]),
    reason: `the file must be YAML: ${message}`,
  }));
  // Not of a text that is none anyway: a visit costs the square of its depth.
  if (mistakes.length > 0) return { value: undefined, mistakes, findPosition };
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      const position = at(alias.range?.[0] ?? 0);
      mistakes.push({ ...position, reason: `the file must be YAML: nothing before it is named &${alias.source}` });
    },
  });
  if (mistakes.length > 0) return { value: undefined, mistakes, findPosition };
  try {
    return { value: document.toJS({ maxAliasCount: maxAliases }) ?? undefined, mistakes, findPosition };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { value: undefined, mistakes: [{ ...at(0), reason: `the file must be YAML: ${reason}` }], findPosition };
  }
}

/** Where the name or the item at the end of `path` begins, or the closest around it that is there. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: ConfigPath): number {
  let node: ParsedNode | Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined || !isScalar(pair.key)) return offset;
      offset = pair.key.range?.[0] ?? offset;
      // Values of a parsed document are nodes, or nothing.
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as Node | undefined;
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}
