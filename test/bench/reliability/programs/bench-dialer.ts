// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import type { Dialer } from "@grpc-router/bridge";
import { createSocketTransport, type SocketTransport } from "@grpc-router/node";

/** Where connections go, and from where they come. */
export interface BenchDialerOptions {
  readonly host: string;
  readonly port: number;
  /** Local addresses. */
  readonly addresses: readonly string[];
}

/** Connections of many bridges, which can be cut at once. */
export interface BenchDialer {
  /** The dialler of one bridge; bridges take turns with the addresses. */
  from(index: number): Dialer;
  /** Cuts every connection with RST. */
  cut(): void;
}

const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** Creates a dialler like the one of `dialRouter`, from several addresses: what one of them may open is limited. */
export function createBenchDialer({ host, port, addresses }: BenchDialerOptions): BenchDialer {
  const sockets = new Set<Socket>();
  return {
    from: (index) => (events) => {
      let transport: SocketTransport | undefined;
      const callback = (length: number) => {
        transport?.received(readBuffer, length);
        return true;
      };
      const localAddress = addresses[index % addresses.length];
      const onread = { buffer: readBuffer, callback };
      const socket = connect({
        ...{ host, port, noDelay: true, allowHalfOpen: true, onread },
        ...(localAddress === undefined ? {} : { localAddress }),
      });
      sockets.add(socket);
      const fail = (error: Error) => {
        if (transport === undefined) events.failed(error);
      };
      socket.on("error", fail);
      socket.once("close", () => sockets.delete(socket));
      socket.once("connect", () => {
        transport = createSocketTransport(socket, { read: "onread" });
        transport.start(events.connected(transport));
      });
      return { cancel: () => void socket.destroy() };
    },
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
}
