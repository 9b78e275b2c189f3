// SPDX-License-Identifier: Apache-2.0
import type { DescFile } from "@bufbuild/protobuf";
import { findPosition } from "./source-position.js";

/** What kind of input a {@link GeneratorError} speaks of. */
export type GeneratorErrorCode = "proto" | "parameter" | "protoc-gen-es";

/**
 * A mistake of the user: in a .proto file, in the parameter, or in what is installed. The plugin answers with its message;
 * any other error that leaves the plugin is a bug of ours.
 */
export class GeneratorError extends Error {
  override readonly name = "GeneratorError";
  readonly code: GeneratorErrorCode;

  constructor(code: GeneratorErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

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
