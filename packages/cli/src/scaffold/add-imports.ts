// SPDX-License-Identifier: Apache-2.0

import type { SourceFile } from "ts-morph";
import { missingFile } from "../cli-error.js";
import type { FileStyle, TextEdit } from "./text-edits.js";

/** A name that a file has to import. */
export interface WantedImport {
  readonly name: string;
  readonly from: string;
  /** Only its type is used. */
  readonly isType: boolean;
}

/**
 * The edits that import what `file` does not import yet: into a declaration that is there, else in one of its own behind
 * the last import.
 *
 * @throws CliError if one of the names means something else in the file.
 */
export function addImports(file: SourceFile, style: FileStyle, wanted: readonly WantedImport[]): readonly TextEdit[] {
  const missing = new Map<string, WantedImport>();
  for (const one of wanted) {
    if (isImported(file, one)) continue;
    if (isTaken(file, one.name)) {
      throw missingFile(
        `Cannot import ${one.name} from ${one.from}: the name must be free in ${file.getBaseName()}. Rename what has it`,
      );
    }
    missing.set(one.name, one);
  }
  const groups = [...Map.groupBy(missing.values(), (one) => `${one.isType} ${one.from}`).values()];
  const edits: TextEdit[] = [];
  const lines: string[] = [];
  for (const group of groups) {
    const edit = joinImport(file, group);
    if (edit === undefined) lines.push(importLine(style, group));
    else edits.push(edit);
  }
  return lines.length === 0 ? edits : [...edits, insertLines(file, style, lines)];
}

/** The names go into a declaration that imports from the same module; undefined: there is none that fits. */
function joinImport(file: SourceFile, group: readonly WantedImport[]): TextEdit | undefined {
  const { from, isType } = group[0] ?? {};
  const there = file.getImportDeclarations().filter((one) => one.getModuleSpecifierValue() === from);
  const fitting = there.find((one) => one.isTypeOnly() === isType) ?? there.find((one) => isType && !one.isTypeOnly());
  const last = fitting?.getNamedImports().at(-1);
  if (fitting === undefined || last === undefined) return undefined;
  const prefix = isType && !fitting.isTypeOnly() ? "type " : "";
  return { at: last.getEnd(), text: group.map(({ name }) => `, ${prefix}${name}`).join("") };
}

function importLine({ quote, end }: FileStyle, group: readonly WantedImport[]): string {
  const { from = "", isType = false } = group[0] ?? {};
  const names = group.map(({ name }) => name).join(", ");
  return `import ${isType ? "type " : ""}{ ${names} } from ${quote}${from}${quote}${end}`;
}

/** Behind the last import, else in front of the first statement. */
function insertLines(file: SourceFile, { newline }: FileStyle, lines: readonly string[]): TextEdit {
  const text = lines.join(newline);
  const behind = file.getImportDeclarations().at(-1);
  if (behind !== undefined) return { at: behind.getEnd(), text: newline + text };
  return { at: file.getStatements()[0]?.getStart() ?? file.getEnd(), text: text + newline + newline };
}

function isImported(file: SourceFile, { name, from, isType }: WantedImport): boolean {
  return (
    file
      .getImportDeclarations()
      .filter((one) => one.getModuleSpecifierValue() === from && (isType || !one.isTypeOnly()))
      .flatMap((one) => one.getNamedImports())
      // One under another name is not what the stubs say.
      .some((named) => named.getText() === name || (isType && named.getText() === `type ${name}`))
  );
}

function isTaken(file: SourceFile, name: string): boolean {
  const imported = file
    .getImportDeclarations()
    .flatMap((one) => [
      one.getDefaultImport()?.getText(),
      one.getNamespaceImport()?.getText(),
      ...one.getNamedImports().map((named) => named.getAliasNode()?.getText() ?? named.getName()),
    ]);
  if (imported.includes(name)) return true;
  const declared = [
    file.getVariableDeclaration(name),
    file.getFunction(name),
    file.getClass(name),
    file.getInterface(name),
    file.getTypeAlias(name),
    file.getEnum(name),
  ];
  return declared.some((declaration) => declaration !== undefined);
}
