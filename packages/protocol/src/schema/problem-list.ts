// SPDX-License-Identifier: Apache-2.0
import type { DescFile } from "@bufbuild/protobuf";
import { findPosition } from "./source-position.js";

/** Collects the mistakes in the user's .proto files, so that one run tells all of them. */
export class ProblemList {
  readonly #problems: Problem[] = [];

  /** Notes a mistake at the element that `path` names in `file`, as in `google.protobuf.SourceCodeInfo`. */
  add(file: DescFile, path: readonly number[], message: string): void {
    const position = findPosition(file.proto.sourceCodeInfo, path) ?? { line: 0, column: 0 };
    this.#problems.push({ file: file.proto.name, ...position, text: `${formatPlace(file, path)}: ${message}` });
  }

  /** Number of mistakes so far. */
  get size(): number {
    return this.#problems.length;
  }

  /** One mistake a line in the order of the source, as compilers print them. */
  toString(): string {
    return this.#problems
      .toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column)
      .map(({ text }) => text)
      .join("\n");
  }
}

interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** `file:line:column` of an element, or the file alone where the request carries no source positions. */
export function formatPlace(file: DescFile, path: readonly number[]): string {
  const position = findPosition(file.proto.sourceCodeInfo, path);
  return position === undefined ? file.proto.name : `${file.proto.name}:${position.line}:${position.column}`;
}
