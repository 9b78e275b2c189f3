// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type RawFrame, RawType, rawPreface } from "@grpc-router/testing/raw-http2";
import { createFrameCutter, uint32At } from "./frame-cutter.ts";

/** A server that says the same bytes to every client, right or wrong. */
export interface RawServer {
  readonly url: string;
  /** Code of the first client's GOAWAY once it is gone, NaN without one; undefined if it does not go within `withinMs`. */
  farewell(withinMs: number): Promise<number | undefined>;
  close(): void;
}

/** Starts a server on loopback that answers the client's preface with `bytes` and its first HEADERS with `afterHead`. */
export async function openRawServer(bytes: Uint8Array, afterHead?: Uint8Array): Promise<RawServer> {
  const gone = Promise.withResolvers<number>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let code = Number.NaN;
    let toSkip = rawPreface.length;
    let toSay = afterHead;
    const cut = createFrameCutter(({ type, payload }: RawFrame) => {
      if (type === RawType.goaway) code = uint32At(payload, 4);
      if (type !== RawType.headers || toSay === undefined) return;
      socket.write(toSay);
      toSay = undefined;
    });
    socket.on("data", (chunk: Buffer) => {
      const skipped = Math.min(toSkip, chunk.length);
      toSkip -= skipped;
      if (skipped > 0 && toSkip === 0) socket.write(bytes);
      cut(chunk.subarray(skipped));
    });
    socket.on("error", () => {});
    socket.on("close", () => gone.resolve(code));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    farewell(withinMs) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const timer = setTimeout(resolve, withinMs, undefined);
      return Promise.race([gone.promise, promise]).finally(() => clearTimeout(timer));
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
