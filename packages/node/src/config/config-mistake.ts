// SPDX-License-Identifier: Apache-2.0

import { type ConfigPath, formatConfigPath } from "@grpc-router/protocol";
import { NodeError } from "../node-error.js";
import type { ConfigDocument, FilePosition } from "./config-document.js";

/** Where a value of configuration stands. */
export interface ConfigPlace extends FilePosition {
  readonly file: string;
}

/** What is wrong, and where. */
export interface ConfigMistake extends ConfigPlace {
  /** The way to the value; empty: the file as a whole. */
  readonly path: ConfigPath;
  /** What must hold and what was received. */
  readonly reason: string;
}

/** As compilers write it: `router.yaml:5:18: drain.grace: it must be …`. */
export function formatMistake({ file, line, column, path, reason }: ConfigMistake): string {
  const at = formatConfigPath(path);
  return `${file}:${line}:${column}: ${at === "" ? "" : `${at}: `}${reason}`;
}

/** What is wrong with a file as a text. */
export function textMistakes(file: string, { mistakes }: Pick<ConfigDocument, "mistakes">): ConfigMistake[] {
  return mistakes.map(({ line, column, reason }) => ({ file, line, column, path: [], reason }));
}

/** In the order of the files, then of their lines. */
export function sortMistakes(mistakes: readonly ConfigMistake[], files: readonly string[]): ConfigMistake[] {
  const ranks = new Map(files.map((file, rank) => [file, rank]));
  const rankOf = ({ file }: ConfigMistake) => ranks.get(file) ?? files.length;
  return mistakes.toSorted((a, b) => rankOf(a) - rankOf(b) || a.line - b.line || a.column - b.column);
}

/** The error for mistakes in order, each on a line of its own. */
export function mistakesError(subject: string, mistakes: readonly ConfigMistake[]): NodeError {
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  return new NodeError(
    "CONFIG_INVALID",
    `Cannot use ${subject}: it must be without mistakes, received ${count}\n${mistakes.map(formatMistake).join("\n")}`,
  );
}
