// SPDX-License-Identifier: Apache-2.0

import { Node, type SourceFile } from "ts-morph";

/** Text that goes in at a place; nothing else of the file changes. */
export interface TextEdit {
  readonly at: number;
  readonly text: string;
}

/** The text with all `edits` in it; those of the same place in their order. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const pieces: string[] = [];
  let done = 0;
  for (const edit of edits.toSorted((a, b) => a.at - b.at)) {
    pieces.push(text.slice(done, edit.at), edit.text);
    done = edit.at;
  }
  return pieces.join("") + text.slice(done);
}

/** How a file is written. */
export interface FileStyle {
  /** One step: two spaces, a tab. */
  readonly indent: string;
  readonly quote: '"' | "'";
  /** At the end of a statement: `;` or nothing. */
  readonly end: ";" | "";
  readonly newline: string;
}

/** Takes the style from what is there; a file that says nothing gets two spaces, double quotes and semicolons. */
export function styleOf(file: SourceFile): FileStyle {
  const text = file.getFullText();
  const strings = [...text.matchAll(/(?<=from\s*|\(\s*|[:=]\s*)["']/g)].map(([quote]) => quote);
  const single = strings.filter((quote) => quote === "'").length;
  const plain = file.getStatements().filter((node) => Node.isImportDeclaration(node) || Node.isVariableStatement(node));
  const open = plain.filter((statement) => !statement.getText().endsWith(";")).length;
  return {
    indent: /^(\t| {2,8})(?=[^\s*])/m.exec(text)?.[1] ?? "  ",
    quote: single * 2 > strings.length ? "'" : '"',
    end: plain.length > 0 && open * 2 > plain.length ? "" : ";",
    newline: text.includes("\r\n") ? "\r\n" : "\n",
  };
}
