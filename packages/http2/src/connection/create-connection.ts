// SPDX-License-Identifier: Apache-2.0

import { maxUint31 } from "../frame/frame-header.js";
import { defaultWindowBytes } from "../frame/settings.js";
import { Http2Error } from "../http2-error.js";
import type { Connection, ConnectionOptions } from "./connection.js";
import { Http2Connection } from "./http2-connection.js";

/**
 * Makes one end of an HTTP/2 connection (RFC 9113). A client writes its preface at once; a server waits for the client's.
 * Throws `Http2Error` for options that cannot be.
 *
 * ```ts
 * const connection = createConnection({ role: "server", reader, handler, host, nowMs: performance.now() });
 * connection.receive(bytes, 0, bytes.length, performance.now());
 * ```
 */
export function createConnection<Head, Data>(options: ConnectionOptions<Head, Data>): Connection<Data> {
  checkWindow("initialWindowBytes", options.initialWindowBytes, 0);
  checkWindow("connectionWindowBytes", options.connectionWindowBytes, defaultWindowBytes);
  return new Http2Connection(options);
}

function checkWindow(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= maxUint31)) return;
  throw new Http2Error(
    "invalid_argument",
    `Cannot create connection: ${name} must be a whole number from ${least} to ${maxUint31}, received ${value}`,
  );
}
