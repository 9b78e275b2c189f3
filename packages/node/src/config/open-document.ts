// SPDX-License-Identifier: Apache-2.0

import { extname } from "node:path";
import { readText } from "../credentials/read-token.js";
import { CONFIG_BRACKETS } from "../limits.js";
import { firstLine, NodeError } from "../node-error.js";
import type { ConfigDocument, FilePosition } from "./config-document.js";
import { parseJsonDocument } from "./parse-json-document.js";
import { parseYamlDocument } from "./parse-yaml-document.js";

const parsers: ReadonlyMap<string, (text: string) => ConfigDocument> = new Map([
  [".yaml", parseYamlDocument],
  [".yml", parseYamlDocument],
  [".json", parseJsonDocument],
]);

/** A file as it is, and as it was understood. */
export interface OpenedDocument {
  readonly text: string;
  readonly document: ConfigDocument;
}

/**
 * Reads and parses a file of YAML or JSON, by its name's end; `what` is what messages call it.
 *
 * @throws NodeError `FILE_UNREADABLE`, or `CONFIG_INVALID` for another kind of file. What is wrong with its text is among
 * the document's mistakes.
 */
export function openDocument(path: string, what: string): OpenedDocument {
  const extension = extname(path).toLowerCase();
  const parse = parsers.get(extension);
  if (parse === undefined) {
    throw new NodeError(
      "CONFIG_INVALID",
      `Cannot use ${what} in ${path}: the file must be YAML or JSON (${[...parsers.keys()].join(", ")}), received ${extension === "" ? "no extension" : extension}`,
    );
  }
  const text = readText(path, what);
  return { text, document: parseSafely(parse, text) };
}

/** Parses a text of YAML, of which JSON is a part; what is wrong with it is among the document's mistakes. */
export function readDocument(text: string): ConfigDocument {
  return parseSafely(parseYamlDocument, text);
}

/** Parsers go down with the nesting of a text, and thousands of brackets are more than the stack has. */
function parseSafely(parse: (text: string) => ConfigDocument, text: string): ConfigDocument {
  const depthAt = findDepth(text);
  if (depthAt >= 0) {
    const before = text.slice(0, depthAt);
    const place = { line: before.split("\n").length, column: depthAt - before.lastIndexOf("\n") };
    return unreadable(place, `brackets must be nested at most ${CONFIG_BRACKETS} deep, received more`);
  }
  try {
    return parse(text);
  } catch (error) {
    const reason = error instanceof RangeError ? "it is nested too deeply" : firstLine(error);
    return unreadable({ line: 1, column: 1 }, `the file cannot be read: ${reason}`);
  }
}

/** Where more than `CONFIG_BRACKETS` brackets are open, those in texts and comments included; -1: nowhere. */
function findDepth(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === "[" || char === "{") {
      if (++depth > CONFIG_BRACKETS) return index;
    } else if (char === "]" || char === "}") depth--;
  }
  return -1;
}

function unreadable(place: FilePosition, reason: string): ConfigDocument {
  return { value: undefined, mistakes: [{ ...place, reason }], findPosition: () => place };
}
