// SPDX-License-Identifier: Apache-2.0
// The server behind a relay as the tests play it: an HTTP/2 server that answers stream by stream.

import {
  attachTransport,
  type Connection,
  type ConnectionHandler,
  createFieldListReader,
  createFlusher,
  createHeaderTemplate,
  ErrorCode,
  type FieldList,
  type Limits,
  type Stream,
} from "@grpc-router/http2";
import { createDuplex, type Duplex, type DuplexOptions, type FakeScheduler } from "@grpc-router/testing";
import type { Dialer } from "../ports.js";
import { concat, encodeFields } from "./peer-frames.suite.js";

/** How the server's connections are. */
export interface TargetPeerOptions {
  readonly duplex?: DuplexOptions;
  readonly limits?: Partial<Limits>;
  /** Window of each stream. Default: the engine's. */
  readonly initialWindowBytes?: number;
  /** What it says to health checks. Default: that it has none. */
  readonly health?: HealthPeer;
}

/** Answers the streams of grpc.health.v1. */
export type HealthPeer = (stream: PeerStream, verb: string, name: string) => void;

/** The server, with everything that came to it. */
export interface TargetPeer {
  readonly dial: Dialer;
  readonly connections: readonly { readonly duplex: Duplex; readonly connection: Connection<PeerStream> }[];
  /** Streams of all connections, health checks left out, in order. */
  readonly streams: readonly PeerStream[];
  /** Every health check that came: `Watch test.v1.EchoService`. */
  readonly checks: readonly string[];
  readonly dials: number;
  /** While set, dials fail with it. */
  refuse: Error | undefined;
  /** The last stream. */
  last(): PeerStream;
}

const NO_FIELDS = createHeaderTemplate([]);
const HEAD: FieldList = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];

/** One call at the server. */
export class PeerStream {
  readonly fields: FieldList;
  readonly connection: Connection<PeerStream>;
  readonly stream: Stream<PeerStream>;
  /** False: nothing of the request is taken, so its window fills. */
  reads = true;
  ended = false;
  closed: { readonly code: number; readonly by: string } | undefined;
  #data = new Uint8Array(0);
  #owed = 0;

  constructor(connection: Connection<PeerStream>, stream: Stream<PeerStream>, fields: FieldList) {
    this.connection = connection;
    this.stream = stream;
    this.fields = fields;
  }

  /** Everything received. */
  get data(): Uint8Array {
    return this.#data;
  }

  /** Whole messages received, with their flag. */
  get messages(): { readonly flags: number; readonly bytes: Uint8Array }[] {
    const messages = [];
    for (let at = 0; at + 5 <= this.#data.length; ) {
      const size = new DataView(this.#data.buffer).getUint32(at + 1);
      if (at + 5 + size > this.#data.length) break;
      messages.push({ flags: this.#data[at] as number, bytes: this.#data.slice(at + 5, at + 5 + size) });
      at += 5 + size;
    }
    return messages;
  }

  field(name: string): string | undefined {
    return this.fields.find(([key]) => key === name)?.[1];
  }

  /** Takes what was left. */
  read(): void {
    this.reads = true;
    this.connection.consume(this.stream, this.#owed);
    this.#owed = 0;
  }

  head(fields: FieldList = [], endStream = false): this {
    return this.#write([...HEAD, ...fields], endStream);
  }

  /** A head with exactly these fields. */
  rawHead(fields: FieldList, endStream = false): this {
    return this.#write(fields, endStream);
  }

  message(bytes: Uint8Array, flags = 0): this {
    const prefixed = new Uint8Array(5 + bytes.length);
    prefixed[0] = flags;
    new DataView(prefixed.buffer).setUint32(1, bytes.length);
    prefixed.set(bytes, 5);
    return this.bytes(prefixed);
  }

  bytes(bytes: Uint8Array): this {
    this.connection.write(this.stream, bytes, 0, bytes.length, false);
    return this;
  }

  trailers(code: number, more: FieldList = []): this {
    return this.#write([["grpc-status", String(code)], ...more], true);
  }

  reset(code: number = ErrorCode.refusedStream): void {
    this.connection.reset(this.stream, code);
  }

  /** For the connection. */
  receive(bytes: Uint8Array): void {
    this.#data = concat([this.#data, bytes]);
    if (this.reads) this.connection.consume(this.stream, bytes.length);
    else this.#owed += bytes.length;
  }

  #write(fields: FieldList, endStream: boolean): this {
    const literals = encodeFields(fields);
    this.connection.writeHead(this.stream, NO_FIELDS, literals, 0, literals.length, endStream);
    return this;
  }
}

/** Creates a server at the other end of whatever a relay dials. */
export function createTargetPeer(scheduler: FakeScheduler, options: TargetPeerOptions = {}): TargetPeer {
  const connections: { duplex: Duplex; connection: Connection<PeerStream> }[] = [];
  const streams: PeerStream[] = [];
  const checks: string[] = [];
  const peer = {
    connections,
    streams,
    checks,
    dials: 0,
    refuse: undefined as Error | undefined,
    dial: ((events) => {
      peer.dials++;
      let isOn = true;
      scheduler.defer(() => {
        if (!isOn) return;
        if (peer.refuse !== undefined) return events.failed(peer.refuse);
        const duplex = createDuplex(scheduler, { right: { address: "target.test:80" }, ...options.duplex });
        connections.push({ duplex, connection: accept(duplex, scheduler, options, streams, checks) });
        duplex.left.deliverTo(events.connected(duplex.left));
      });
      return {
        cancel: () => {
          isOn = false;
        },
      };
    }) satisfies Dialer,
    last(): PeerStream {
      const stream = streams.at(-1);
      if (stream === undefined) throw new Error("Cannot find a stream at the target");
      return stream;
    },
  };
  return peer;
}

function accept(
  duplex: Duplex,
  scheduler: FakeScheduler,
  options: TargetPeerOptions,
  streams: PeerStream[],
  checks: string[],
): Connection<PeerStream> {
  const { health = noHealth, limits = {}, initialWindowBytes } = options;
  const isCheck = (stream: PeerStream) => stream.field(":path")?.startsWith("/grpc.health.v1.Health/") === true;
  const handler: ConnectionHandler<FieldList, PeerStream> = {
    onHead(stream, head) {
      const opened = new PeerStream(connection, stream, head);
      stream.data = opened;
      if (!isCheck(opened)) streams.push(opened);
    },
    onData({ data }, bytes, start, end, endStream) {
      data?.receive(bytes.slice(start, end));
      if (data === undefined || !endStream) return;
      data.ended = true;
      if (!isCheck(data)) return;
      const verb = data.field(":path")?.split("/")[2] ?? "";
      const name = new TextDecoder().decode(data.messages[0]?.bytes.subarray(2));
      checks.push(`${verb} ${name}`);
      health(data, verb, name);
    },
    onTrailers: () => undefined,
    onSent: () => undefined,
    onRoom: () => undefined,
    onClosed({ data }, code, by) {
      if (data) data.closed = { code, by };
    },
    onTurn: () => undefined,
    onGoaway: () => undefined,
    onConnectionClosed: () => undefined,
  };
  const { connection, sink } = attachTransport<FieldList, PeerStream>(duplex.right, createFlusher(scheduler), {
    role: "server",
    reader: createFieldListReader(),
    handler,
    limits,
    ...(initialWindowBytes !== undefined && { initialWindowBytes }),
  });
  duplex.right.deliverTo(sink);
  return connection;
}

/** A server without health checks. */
function noHealth(stream: PeerStream): void {
  stream.head([["grpc-status", "12"]], true);
}

/** The message of a health answer: 1 serving, 2 not serving, 3 no such service. */
export function healthStatus(status: number): Uint8Array {
  return Uint8Array.of(0x08, status);
}
