// SPDX-License-Identifier: Apache-2.0

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
