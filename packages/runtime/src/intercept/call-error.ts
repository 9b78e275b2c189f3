// SPDX-License-Identifier: Apache-2.0

/** Ends a call with a status of an interceptor's own. */
export class CallError extends Error {
  override readonly name = "CallError";
  /** gRPC status code, 1 to 16. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The status in what an interceptor has thrown: a `CallError`, or anything with a code and a message, as Connect's errors. */
export function statusOfError(error: unknown): { readonly code: number; readonly message: string } | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const { code } = error;
  if (typeof code !== "number" || !Number.isInteger(code) || code < 1 || code > 16) return undefined;
  // Connect puts the code's name in front of `message`.
  const text = "rawMessage" in error && typeof error.rawMessage === "string" ? error.rawMessage : error.message;
  return { code, message: text };
}
