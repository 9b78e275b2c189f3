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
  readonly #lines: string[] = [];

  /** Notes a mistake at the element that `path` names in `file`, as in `google.protobuf.SourceCodeInfo`. */
  add(file: DescFile, path: readonly number[], message: string): void {
    const line = `${formatPlace(file, path)}: ${message}`;
    if (!this.#lines.includes(line)) this.#lines.push(line);
  }

  /** Number of mistakes so far. */
  get size(): number {
    return this.#lines.length;
  }

  /** One mistake a line, as compilers print them. */
  toString(): string {
    return this.#lines.join("\n");
  }
}

/** `file:line:column` of an element, or the file alone where the request carries no source positions. */
export function formatPlace(file: DescFile, path: readonly number[]): string {
  const position = findPosition(file.proto.sourceCodeInfo, path);
  return position === undefined ? file.proto.name : `${file.proto.name}:${position.line}:${position.column}`;
}
