// SPDX-License-Identifier: Apache-2.0
// The fast h2c server behind the proxies of the bench: echoes a unary gRPC message with the least work our engine can do.
// Prints `ready 127.0.0.1:PORT pid PID`.
import { createServer } from "node:net";
import type { Connection, FieldList, Stream } from "@grpc-router/http2";
import { attachTransport, createFieldListReader, createFlusher, createHeaderTemplate } from "@grpc-router/http2";
import { createNodeScheduler, createSocketTransport } from "@grpc-router/node";

const responseHead = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const okTrailers = createHeaderTemplate([["grpc-status", "0"]]);
const none = new Uint8Array(0);
const flusher = createFlusher(createNodeScheduler());

const server = createServer({ allowHalfOpen: true }, (socket) => {
  const transport = createSocketTransport(socket);
  let connection: Connection<true> | undefined;
  const attached = attachTransport<FieldList, true>(transport, flusher, {
    role: "server",
    reader: createFieldListReader(),
    handler: {
      onHead() {},
      onData(stream: Stream<true>, bytes: Uint8Array, start: number, end: number, endStream: boolean) {
        if (connection === undefined) return;
        if (!stream.localEnded && end > start && stream.data === undefined) {
          stream.data = true;
          connection.writeHead(stream, responseHead, none, 0, 0, false);
        }
        connection.write(stream, bytes, start, end, false);
        connection.consume(stream, end - start);
        if (endStream) connection.writeHead(stream, okTrailers, none, 0, 0, true);
      },
      onTrailers() {},
      onSent() {},
      onRoom() {},
      onClosed() {},
      onTurn() {},
      onGoaway() {},
      onConnectionClosed() {},
    },
  });
  connection = attached.connection;
  transport.start(attached.sink);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(`ready 127.0.0.1:${typeof address === "object" ? address?.port : 0} pid ${process.pid}`);
});
process.once("SIGTERM", () => process.exit(0));
