// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect } from "node:net";
import {
  attachTransport,
  type ConnectionHandler,
  createFieldListReader,
  createFlusher,
  createHeaderTemplate,
  type FieldList,
  type HeaderTemplate,
  type Stream,
} from "@grpc-router/http2";
import { createNodeScheduler, createSocketTransport } from "@grpc-router/node";

/** How a call ended: the gRPC code, or -1 for a stream that was reset. */
export type OnEnd = (code: number) => void;

/** One connection of a client that calls with the least work that our engine can do. */
export interface UnaryClient {
  /** Calls `path` with one message, already encoded; `onEnd` hears of the end of it. */
  call(path: string, message: Uint8Array, onEnd: OnEnd): void;
  /** The same, and never takes a byte of the reply. */
  callAndStall(path: string, message: Uint8Array): void;
  close(): void;
}

interface UnaryCall {
  readonly onEnd: OnEnd;
  readonly takes: boolean;
  isOver: boolean;
}

/** Octets of a reply that a client takes before its reader does: what grpc-go and grpc-java have to begin with. */
const windowBytes = 65_535;
const flusher = createFlusher(createNodeScheduler());
const reader = createFieldListReader();
const templates = new Map<string, HeaderTemplate>();
const nothing = new Uint8Array(0);

/** Connects to a port of this machine. */
export async function startUnaryClient({ port }: { readonly port: number }): Promise<UnaryClient> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  await once(socket, "connect");
  const transport = createSocketTransport(socket);
  const end = (stream: Stream<UnaryCall>, code: number) => {
    const call = stream.data;
    if (call === undefined || call.isOver) return;
    call.isOver = true;
    call.onEnd(code);
  };
  const handler: ConnectionHandler<FieldList, UnaryCall> = {
    onHead: (stream, head, ended) => {
      if (ended) end(stream, codeOf(head));
    },
    onData: (stream, _bytes, from, to) => {
      if (stream.data?.takes !== false) connection.consume(stream, to - from);
    },
    onTrailers: (stream, head) => end(stream, codeOf(head)),
    onSent() {},
    onRoom() {},
    onClosed: (stream) => end(stream, -1),
    onTurn() {},
    onGoaway() {},
    onConnectionClosed() {},
  };
  const options = { role: "client", reader, handler, initialWindowBytes: windowBytes } as const;
  const { connection, sink } = attachTransport<FieldList, UnaryCall>(transport, flusher, options);
  transport.start(sink);
  const open = (path: string, message: Uint8Array, call: UnaryCall) => {
    const stream = connection.open(templateOf(path), nothing, 0, 0, false);
    stream.data = call;
    const framed = new Uint8Array(5 + message.length);
    new DataView(framed.buffer).setUint32(1, message.length);
    framed.set(message, 5);
    connection.write(stream, framed, 0, framed.length, true);
  };
  return {
    call: (path, message, onEnd) => open(path, message, { onEnd, takes: true, isOver: false }),
    callAndStall: (path, message) => open(path, message, { onEnd: () => {}, takes: false, isOver: false }),
    close: () => void socket.destroy(),
  };
}

function codeOf(head: FieldList): number {
  return Number(head.find(([name]) => name === "grpc-status")?.[1] ?? -1);
}

function templateOf(path: string): HeaderTemplate {
  let template = templates.get(path);
  if (template === undefined) {
    template = createHeaderTemplate([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", path],
      [":authority", "127.0.0.1"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
    ]);
    templates.set(path, template);
  }
  return template;
}
