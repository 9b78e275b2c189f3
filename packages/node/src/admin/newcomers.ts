// SPDX-License-Identifier: Apache-2.0

import type { Socket } from "node:net";
import { ADMIN_FIRST_REQUEST_MS } from "../limits.js";

/** What names a connection: sockets of TLS, and what HTTP/2 shows of either, say the same as the one below them. */
type Ends = Pick<Socket, "remoteAddress" | "remotePort">;

/**
 * Connections that have not yet sent a request to which they had a right. One that does not in time is cut off, whatever
 * else it does: Node's own times for the head of a request count only on servers that listen themselves, and none of them
 * ends a connection of HTTP/2.
 */
export class Newcomers {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** A connection has come. */
  add(socket: Socket): void {
    const key = keyOf(socket);
    const timer = setTimeout(() => socket.destroy(), ADMIN_FIRST_REQUEST_MS).unref();
    this.#timers.set(key, timer);
    socket.once("close", () => {
      clearTimeout(timer);
      // The next connection may come from the same end already.
      if (this.#timers.get(key) === timer) this.#timers.delete(key);
    });
  }

  /** A connection has shown its right: it may stay. */
  admit(socket: Ends): void {
    clearTimeout(this.#timers.get(keyOf(socket)));
  }
}

function keyOf({ remoteAddress, remotePort }: Ends): string {
  return `${remoteAddress} ${remotePort}`;
}
