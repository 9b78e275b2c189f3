// SPDX-License-Identifier: Apache-2.0
// A client for h2specd: `node client-process.ts http://HOST:PORT/`. It makes one request on the engine's client role and
// leaves when the server says GOAWAY, as h2specd does behind each case, or when the connection is over. It loads the
// engine and nothing else, because it is started for each case.
import { connect } from "node:net";
import { attachTransport, createFieldListReader, createFlusher, createHeaderTemplate } from "@grpc-router/http2";
import { createSocketEnd, nodeScheduler } from "../harness/socket-end.ts";

const url = new URL(process.argv[2] ?? "http://127.0.0.1:8080/");
const request = createHeaderTemplate([
  [":method", "GET"],
  [":scheme", "http"],
  [":path", url.pathname],
  [":authority", url.host],
]);
const noLiterals = new Uint8Array(0);
const nothing = () => {};
/** Time for h2specd to read our GOAWAY before the socket is gone. */
const LAST_WORDS_MS = 200;

const socket = connect({ port: Number(url.port), host: url.hostname, allowHalfOpen: true }, () => {
  const end = createSocketEnd(socket);
  const { connection, sink } = attachTransport(end, createFlusher(nodeScheduler), {
    role: "client",
    reader: createFieldListReader(),
    handler: {
      onHead: nothing,
      onData: (stream, _bytes, start, finish) => connection.consume(stream, finish - start),
      onTrailers: nothing,
      onSent: nothing,
      onRoom: nothing,
      onClosed: nothing,
      onTurn: nothing,
      onGoaway: () => process.exit(),
      onConnectionClosed({ message }) {
        console.log(message);
        setTimeout(() => process.exit(), LAST_WORDS_MS);
      },
    },
  });
  end.deliverTo(sink);
  connection.open(request, noLiterals, 0, 0, true);
});
