// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Server, type Socket } from "node:net";

/** What went over one connection. */
export interface Recorded {
  /** From whoever connected to the relay. */
  readonly up: Buffer;
  /** From the other side. */
  readonly down: Buffer;
}

/** A TCP relay that writes down what it passes on. */
export interface Relay {
  readonly port: number;
  /** All connections since the last call. */
  take(): Recorded[];
  stop(): Promise<void>;
}

/** Octets kept of each direction: a seed is a few KiB. */
const keptBytes = 200_000;

/** Starts a relay to `port` on this machine. */
export async function startRelay(port: number): Promise<Relay> {
  let links: Link[] = [];
  const server = createServer((socket) => links.push(new Link(socket, connect(port, "127.0.0.1"))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: portOf(server),
    take() {
      const recorded = links.map((link) => link.recorded());
      links = links.filter((link) => link.isOpen);
      return recorded;
    },
    async stop() {
      for (const link of links) link.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Link {
  isOpen = true;
  readonly #sockets: readonly [Socket, Socket];
  readonly #up: Buffer[] = [];
  readonly #down: Buffer[] = [];

  constructor(client: Socket, server: Socket) {
    this.#sockets = [client, server];
    this.#pass(client, server, this.#up);
    this.#pass(server, client, this.#down);
  }

  recorded(): Recorded {
    return { up: kept(this.#up), down: kept(this.#down) };
  }

  close(): void {
    this.isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(from: Socket, to: Socket, into: Buffer[]): void {
    from.on("data", (chunk: Buffer) => {
      into.push(chunk);
      to.write(chunk);
    });
    from.on("end", () => to.end());
    from.on("error", () => this.close());
    from.on("close", () => this.close());
  }
}

function kept(chunks: readonly Buffer[]): Buffer {
  return Buffer.concat(chunks).subarray(0, keptBytes);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
