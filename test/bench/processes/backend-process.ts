// SPDX-License-Identifier: Apache-2.0
// The fast server behind the proxies of the bench, so that none of them waits for it: Echo and StreamService with the least
// work that the engine can do, and no protobuf code but for what Watch is asked.
// `node backend-process.ts [--tls cert.pem:key.pem]`; prints `ready 127.0.0.1:PORT pid PID`.
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { parseArgs } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import type { Connection, FieldList, Stream } from "@grpc-router/http2";
import { attachTransport, createFieldListReader, createFlusher, createHeaderTemplate } from "@grpc-router/http2";
import { createNodeScheduler, createSocketTransport } from "@grpc-router/node";
import { WatchRequestSchema } from "../gen/bench/v1/stream_pb.ts";
import { framedPayload } from "../load/messages.ts";

const { values } = parseArgs({ options: { tls: { type: "string" } } });
const [cert, key] = values.tls?.split(":") ?? [];

/** One call. */
interface Exchange {
  readonly method: string;
  answered: boolean;
  /** Echo: what has come of a request that is not whole. */
  readonly held: Uint8Array[];
  /** Watch: messages to come, and each of them. */
  left: number;
  message: Uint8Array;
}

const unbounded = 2 ** 31 - 1;
// What protects a server from its clients is not what is measured here.
const limits = {
  concurrentStreams: 1_000_000,
  peerResets: unbounded,
  windowUpdates: unbounded,
  strayFrames: unbounded,
};
const responseHead = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const okTrailers = createHeaderTemplate([["grpc-status", "0"]]);
const none = new Uint8Array(0);
const emptyMessage = new Uint8Array(5);
const flusher = createFlusher(createNodeScheduler());

/** Thin streams that wait for the next turn of the event loop. */
const ticking = new Set<() => boolean>();
let ticks = false;

const serve = (socket: Socket) => {
  const transport = createSocketTransport(socket);
  let connection: Connection<Exchange>;
  const attached = attachTransport<FieldList, Exchange>(transport, flusher, {
    role: "server",
    reader: createFieldListReader(),
    limits,
    initialWindowBytes: 1_048_576,
    connectionWindowBytes: 16_777_216,
    handler: {
      onHead(stream, head) {
        const path = head.find(([name]) => name === ":path")?.[1] ?? "";
        stream.data = {
          method: path.slice(path.lastIndexOf("/") + 1),
          answered: false,
          held: [],
          left: 0,
          message: none,
        };
      },
      onData(stream, bytes, start, end, endStream) {
        receive(connection, stream, bytes.subarray(start, end), endStream);
        connection.consume(stream, end - start);
      },
      onTrailers() {},
      onSent() {},
      onRoom() {},
      onClosed(stream) {
        stream.data = undefined;
      },
      onTurn() {},
      onGoaway() {},
      onConnectionClosed() {},
    },
  });
  connection = attached.connection;
  transport.start(attached.sink);
};

function receive(connection: Connection<Exchange>, stream: Stream<Exchange>, bytes: Uint8Array, last: boolean): void {
  const exchange = stream.data;
  if (exchange === undefined || exchange.method === "Hold") return;
  if (exchange.method === "Watch") {
    if (bytes.length > 5) watch(connection, stream, exchange, bytes);
  } else if (exchange.method === "Collect") {
    if (last) send(connection, stream, exchange, emptyMessage);
  } else if (exchange.method === "Converse") {
    if (bytes.length > 0) send(connection, stream, exchange, bytes);
  } else {
    echo(connection, stream, exchange, bytes, last);
  }
  if (last && exchange.left === 0) connection.writeHead(stream, okTrailers, none, 0, 0, true);
}

/** Answers when the request is whole, as a server of a unary method does. */
function echo(
  connection: Connection<Exchange>,
  stream: Stream<Exchange>,
  exchange: Exchange,
  bytes: Uint8Array,
  last: boolean,
): void {
  const { held } = exchange;
  if (!last) held.push(bytes.slice());
  else if (held.length === 0) send(connection, stream, exchange, bytes);
  else send(connection, stream, exchange, Buffer.concat([...held, bytes]));
}

function send(connection: Connection<Exchange>, stream: Stream<Exchange>, exchange: Exchange, bytes: Uint8Array): void {
  if (!exchange.answered) {
    exchange.answered = true;
    connection.writeHead(stream, responseHead, none, 0, 0, false);
  }
  connection.write(stream, bytes, 0, bytes.length, false);
}

/** A request of a few bytes is in one frame. */
function watch(
  connection: Connection<Exchange>,
  stream: Stream<Exchange>,
  exchange: Exchange,
  request: Uint8Array,
): void {
  const { messages, payloadBytes, thin } = fromBinary(WatchRequestSchema, request.subarray(5));
  exchange.message = framedPayload(payloadBytes);
  exchange.left = messages;
  if (!thin) {
    for (; exchange.left > 0; exchange.left--) send(connection, stream, exchange, exchange.message);
    return;
  }
  ticking.add(() => {
    if (stream.data !== exchange) return false;
    send(connection, stream, exchange, exchange.message);
    exchange.left--;
    if (exchange.left > 0) return true;
    connection.writeHead(stream, okTrailers, none, 0, 0, true);
    return false;
  });
  if (!ticks) setImmediate(tick);
  ticks = true;
}

function tick(): void {
  for (const next of ticking) if (!next()) ticking.delete(next);
  ticks = ticking.size > 0;
  if (ticks) setImmediate(tick);
}

const server =
  cert === undefined || key === undefined
    ? createServer({ allowHalfOpen: true }, serve)
    : createTlsServer(
        { cert: readFileSync(cert), key: readFileSync(key), ALPNProtocols: ["h2"], allowHalfOpen: true },
        serve,
      );
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(`ready 127.0.0.1:${(server.address() as AddressInfo).port} pid ${process.pid}`);
});
process.once("SIGTERM", () => process.exit(0));
