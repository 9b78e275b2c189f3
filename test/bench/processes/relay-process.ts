// SPDX-License-Identifier: Apache-2.0
// The floor of the bench: bytes go from a client to the server behind it and back, and nobody reads them. The sockets are
// those of the router, so what the router costs above this is its own. Each client has a connection of its own to the server.
// `node relay-process.ts PORT`; prints `ready 127.0.0.1:PORT pid PID`.
import { type AddressInfo, connect, createServer } from "node:net";
import type { Transport, TransportSink } from "@grpc-router/http2";
import { createSocketTransport } from "@grpc-router/node";

const port = Number(process.argv[2]);

const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
  const dialled = connect({ host: "127.0.0.1", port, allowHalfOpen: true }, () => {
    const near = createSocketTransport(accepted);
    const far = createSocketTransport(dialled);
    near.start(relay(near, far));
    far.start(relay(far, near));
  });
  dialled.on("error", () => accepted.destroy());
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(`ready 127.0.0.1:${(server.address() as AddressInfo).port} pid ${process.pid}`);
});
process.once("SIGTERM", () => process.exit(0));

/** Hands everything that comes from `source` to `target`; what the target has not taken stops the reading. */
function relay(source: Transport, target: Transport): TransportSink {
  return {
    receive(bytes, start, end) {
      // The read buffer is everybody's, so what the target does not take at once has to be a copy.
      const piece = bytes.slice(start, end);
      if (!target.write(piece, piece.length)) source.setReading(false);
    },
    // The source takes again, so the target may be read again.
    drained: () => target.setReading(true),
    ended: () => target.end(),
    closed: () => target.destroy(),
  };
}
