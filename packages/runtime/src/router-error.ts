// SPDX-License-Identifier: Apache-2.0

/** What went wrong, for programs; the message is for people. */
export type RouterErrorCode =
  /** A setting is wrong; nothing has been started. */
  | "INVALID_SETTING"
  /** Two services bring files of one name with different contents. */
  | "DESCRIPTOR_CONFLICT"
  /** A call to the router at the wrong time. */
  | "INVALID_STATE"
  /** Something of this name is not there. */
  | "NOT_FOUND";

/** A mistake in the use of the router: thrown while it is set up, or to an operator who asks for what cannot be; never to calls. */
export class RouterError extends Error {
  override readonly name = "RouterError";
  readonly code: RouterErrorCode;

  constructor(code: RouterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` is a `RouterError`, also one of another copy of this package. */
export function isRouterError(error: unknown): error is RouterError {
  return error instanceof Error && error.name === "RouterError" && "code" in error;
}
