// SPDX-License-Identifier: Apache-2.0

/**
 * What kind of wrong call it was: a value that cannot be (`invalid_argument`), or a verb that the connection or stream
 * does not allow now (`invalid_state`).
 */
export type Http2ErrorCode = "invalid_argument" | "invalid_state";

/** A wrong call by the user of the engine. What a peer does wrong is never thrown, it ends a stream or the connection. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  /** Stable; the message is not. */
  readonly code: Http2ErrorCode;

  constructor(code: Http2ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
