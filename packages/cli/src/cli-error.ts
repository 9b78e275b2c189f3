// SPDX-License-Identifier: Apache-2.0

/**
 * Exit codes; a failed call ends with 64 + its gRPC status, what a signal ends before it is done with 128 + the signal. `callsCut`:
 * stopped in good order, but calls had outlived the grace.
 */
export const ExitCode = { ok: 0, failure: 1, usage: 2, callsCut: 3, callBase: 64, signalBase: 128 } as const;

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
