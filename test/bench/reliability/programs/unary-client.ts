// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect } from "node:net";
import {
  attachTransport,
  type ConnectionHandler,
  createFieldListReader,
  createFlusher,
  createHeaderTemplate,
  ErrorCode,
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
  /** Calls with these messages, the last of which ends the request, and never takes a byte of the reply. */
  stall(path: string, messages: readonly Uint8Array[]): StalledCall;
  close(): void;
}

/** A call that stands still. */
export interface StalledCall {
  /** Octets of the request that nobody takes. */
  readonly queuedBytes: number;
  /** Octets of the reply that have come and are not taken. */
  readonly untakenBytes: number;
  cancel(): void;
}

interface UnaryCall {
  readonly onEnd: OnEnd;
  readonly takes: boolean;
  isOver: boolean;
  untakenBytes: number;
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
      if (stream.data?.takes === false) stream.data.untakenBytes += to - from;
      else connection.consume(stream, to - from);
    },
    onTrailers: (stream, head) => end(stream, codeOf(head)),
    onSent() {},
    onRoom() {},
    onClosed(stream) {
      end(stream, -1);
      stream.data = undefined;
    },
    onTurn() {},
    onGoaway() {},
    onConnectionClosed() {},
  };
  const options = { role: "client", reader, handler, initialWindowBytes: windowBytes } as const;
  const { connection, sink } = attachTransport<FieldList, UnaryCall>(transport, flusher, options);
  transport.start(sink);
  const open = (path: string, call: UnaryCall): Stream<UnaryCall> => {
    const stream = connection.open(templateOf(path), nothing, 0, 0, false);
    stream.data = call;
    return stream;
  };
  const send = (stream: Stream<UnaryCall>, message: Uint8Array, isLast: boolean) => {
    const framed = new Uint8Array(5 + message.length);
    new DataView(framed.buffer).setUint32(1, message.length);
    framed.set(message, 5);
    connection.write(stream, framed, 0, framed.length, isLast);
  };
  return {
    call: (path, message, onEnd) =>
      send(open(path, { onEnd, takes: true, isOver: false, untakenBytes: 0 }), message, true),
    stall(path, messages) {
      const call: UnaryCall = { onEnd: () => {}, takes: false, isOver: false, untakenBytes: 0 };
      const stream = open(path, call);
      for (const message of messages) send(stream, message, message === messages.at(-1));
      // The stream's record is another call's once this one has ended.
      const isOpen = () => stream.data === call;
      return {
        get queuedBytes() {
          return isOpen() ? stream.queuedBytes : 0;
        },
        get untakenBytes() {
          return isOpen() ? call.untakenBytes : 0;
        },
        cancel: () => void (isOpen() && connection.reset(stream, ErrorCode.cancel)),
      };
    },
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
