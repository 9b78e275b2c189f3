// SPDX-License-Identifier: Apache-2.0

/** What a program's code has thrown, for the log: its stack if it has one. Never throws itself. */
export function stackOf(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  try {
    return String(error);
  } catch {
    return "a value without text"; // such as an object without a prototype
  }
}
