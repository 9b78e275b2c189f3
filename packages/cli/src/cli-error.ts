// SPDX-License-Identifier: Apache-2.0

/** Exit codes; a failed call ends with 64 + its gRPC status. */
export const ExitCode = { ok: 0, failure: 1, usage: 2, callBase: 64 } as const;

/** Ends a command with this exit code; the message is one line that says what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: number;

  constructor(code: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** An error in how the command was called. */
export function usageError(message: string, cause?: unknown): CliError {
  return new CliError(ExitCode.usage, message, cause);
}

/** An error in what the command was given to work with: a file that is not there. */
export function missingFile(message: string, cause?: unknown): CliError {
  return new CliError(ExitCode.failure, message, cause);
}
