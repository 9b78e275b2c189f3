// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Socket } from "node:net";
import { listenOnLoopback } from "../../harness/loopback.ts";

/** A TCP relay whose connections can fall silent, as if a cable had been pulled: nothing passes, and nobody is told. */
export interface Relay {
  readonly port: number;
  /** Connections that are open, in the order in which they came. */
  readonly count: number;
  /** Lets nothing pass any more on the connection that came as number `index`. */
  silence(index: number): void;
  close(): void;
}

/** Starts a relay to `port` of this machine. */
export async function startRelay(port: number): Promise<Relay> {
  const pairs: [Socket, Socket][] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    pairs.push([near, far]);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.once("close", () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  const loopback = await listenOnLoopback(server, sockets);
  return {
    port: loopback.port,
    get count() {
      return pairs.length;
    },
    silence(index) {
      for (const socket of pairs[index] ?? []) {
        socket.unpipe();
        socket.pause();
      }
    },
    close: () => loopback.close(),
  };
}
