// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";

/** Where a server of a test listens. */
export interface Loopback {
  readonly port: number;
  /** Cuts off the sockets and stops listening. */
  close(): void;
}

/** Listens on any free port of this machine; `sockets` are those that the end of it cuts off. */
export async function listenOnLoopback(server: Server, sockets: ReadonlySet<Socket>): Promise<Loopback> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // a TCP server has no other kind
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
