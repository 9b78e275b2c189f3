// SPDX-License-Identifier: Apache-2.0

import { usageError } from "../cli-error.js";

/** Reads `-H 'name: value'` options. Values of `-bin` names are base64, as on the wire. @throws CliError */
export function parseHeaders(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const match = /^\s*([^:\s]+)\s*:\s*(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) {
      throw usageError(`Cannot read header "${line}": it must be 'name: value'`);
    }
    const [, name, value] = match;
    // What gRPC allows in metadata; -bin values are base64 here.
    if (!/^[0-9A-Za-z_.-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) {
      throw usageError(`Cannot read header "${line}": name and value must be printable ASCII`);
    }
    headers.append(name, value);
  }
  return headers;
}

/** Lines `name: value` for people, each behind `mark`. */
export function formatHeaders(headers: Headers, mark: string): string {
  return [...headers].map(([name, value]) => `${mark} ${name}: ${value}\n`).join("");
}
