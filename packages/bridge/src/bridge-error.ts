// SPDX-License-Identifier: Apache-2.0

/** What went wrong, for programs; the message is for people. */
export type BridgeErrorCode =
  /** An option is wrong; nothing has been started. */
  | "INVALID_OPTION"
  /** A service or its implementation cannot be bridged. */
  | "INVALID_SERVICE"
  /** A call to the bridge at the wrong time. */
  | "INVALID_STATE"
  /** The connection was closed before every service was registered. */
  | "CLOSED";

/** A mistake in the use of the bridge, or the end of a connection that somebody still waited for. */
export class BridgeError extends Error {
  override readonly name = "BridgeError";
  readonly code: BridgeErrorCode;

  constructor(code: BridgeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` is a `BridgeError`, also one of another copy of this package. */
export function isBridgeError(error: unknown): error is BridgeError {
  return error instanceof Error && error.name === "BridgeError" && "code" in error;
}
