// SPDX-License-Identifier: Apache-2.0

/** What went wrong, for programs; the message is for people. */
export type NodeErrorCode =
  | "ACCESS_LOG_INVALID"
  | "ADDRESS_IN_USE"
  | "ADDRESS_INVALID"
  | "ADDRESS_REFUSED"
  | "CONFIG_INVALID"
  | "CREDENTIALS_INVALID"
  | "CREDENTIALS_MISSING"
  | "DESCRIPTOR_INVALID"
  | "FILE_UNREADABLE"
  | "LIMIT_INVALID"
  | "LOG_LEVEL_INVALID"
  | "OTLP_INVALID"
  | "TLS_INVALID"
  | "TOKEN_EXPOSED"
  | "URL_INVALID"
  | "UNREACHABLE";

/**
 * An operation of this package that cannot be done; the message is one line and says what to do; of
 * `CONFIG_INVALID` and `DESCRIPTOR_INVALID`, a line for each mistake follows.
 *
 * `cause` holds the error of Node when there is one.
 */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The `code` of an error of Node (`ECONNREFUSED`, `ERR_SSL_…`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The first line of whatever was thrown. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? "";
}
