// SPDX-License-Identifier: Apache-2.0
// The other end of a bridge as the tests play it: an HTTP/2 server that answers Register streams frame by frame, built on
// the reference decoder rather than on the codec that the bridge uses.

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  attachTransport,
  type Connection,
  type ConnectionHandler,
  createFieldListReader,
  createFlusher,
  createHeaderTemplate,
  ErrorCode,
  type FieldList,
  type Stream,
  sizeofLiteralField,
  writeLiteralField,
} from "@grpc-router/http2";
import {
  CallHeadSchema,
  encodeBinaryValue,
  encodeStatusDetails,
  type Fragment,
  FragmentSchema,
  type Hello,
  type InstanceControl,
  type ReplyHead,
  ReplyHeadSchema,
  type RouterControlSchema,
  type StatusDetails,
  type WelcomeSchema,
} from "@grpc-router/protocol";
import { createDuplex, type Duplex, type DuplexOptions, type FakeScheduler } from "@grpc-router/testing";
import type { Dialer } from "../ports.js";

/** A frame of the instance. */
export interface ReplyFrame {
  readonly head: ReplyHead;
  /** 0: none. */
  readonly payloadNumber: number;
  readonly payload: Uint8Array;
  readonly fragment: Fragment | undefined;
  /** Number of the write in which it came. */
  readonly write: number;
}

/** A frame to the instance. */
export interface CallFrame {
  readonly head?: MessageInitShape<typeof CallHeadSchema>;
  /** A member's number and its message. */
  readonly member?: readonly [number: number, message: Uint8Array];
  readonly fragment?: MessageInitShape<typeof FragmentSchema>;
}

/** One Register stream at the router. */
export class PeerChannel {
  readonly path: string;
  readonly request: FieldList;
  readonly frames: ReplyFrame[] = [];
  /** The instance has ended its side. */
  ended = false;
  /** What becomes of the bytes of every frame before they are sent. */
  mutate: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  /** How the stream was closed: HTTP/2 error code and by whom. */
  closed: { readonly code: number; readonly by: string } | undefined;
  readonly #connection: Connection<PeerChannel>;
  readonly #stream: Stream<PeerChannel>;
  #pending = new Uint8Array(0);
  #hasHead = false;

  constructor(connection: Connection<PeerChannel>, stream: Stream<PeerChannel>, request: FieldList) {
    this.#connection = connection;
    this.#stream = stream;
    this.request = request;
    this.path = request.find(([name]) => name === ":path")?.[1] ?? "";
  }

  get hello(): Hello {
    const kind = this.frames[0]?.head.control?.kind;
    if (kind?.case !== "hello") throw new Error("Cannot find the Hello");
    return kind.value;
  }

  /** All control frames of one kind. */
  controls<Case extends NonNullable<InstanceControl["kind"]["case"]>>(kind: Case) {
    return this.frames.flatMap(({ head }) => {
      const control = head.control?.kind;
      return control?.case === kind ? [control.value as Extract<InstanceControl["kind"], { case: Case }>["value"]] : [];
    });
  }

  /** Frames of one call. */
  of(callId: number): ReplyFrame[] {
    return this.frames.filter(({ head }) => head.callId === BigInt(callId));
  }

  /** The End of a call; undefined if it has none. */
  endOf(callId: number) {
    return this.of(callId).find(({ head }) => head.end !== undefined)?.head.end;
  }

  /** Whole messages of a call, members and fragments alike. */
  messagesOf(callId: number): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let slices: Uint8Array[] = [];
    for (const { payloadNumber, payload, fragment } of this.of(callId)) {
      if (fragment !== undefined) {
        slices.push(fragment.data);
        if (fragment.remaining > 0) continue;
        messages.push(concat(slices));
        slices = [];
      } else if (payloadNumber > 0) messages.push(payload);
    }
    return messages;
  }

  /** The highest mark that has come. */
  get acceptedThrough(): number {
    return this.frames.reduce((mark, { head }) => Math.max(mark, Number(head.acceptedThrough)), 0);
  }

  welcome(welcome: MessageInitShape<typeof WelcomeSchema> = {}): this {
    const value = { revision: 1, routerId: "router-1", epoch: 1n, ...welcome };
    return this.control({ case: "welcome", value });
  }

  control(kind: NonNullable<MessageInitShape<typeof RouterControlSchema>["kind"]>, critical = false): this {
    return this.send({ head: { control: { kind, critical } } });
  }

  send(...frames: readonly CallFrame[]): this {
    return this.sendBytes(this.mutate(concat(frames.map(encodeFrame))));
  }

  sendBytes(bytes: Uint8Array): this {
    this.#writeHead();
    this.#connection.write(this.#stream, bytes, 0, bytes.length, false);
    return this;
  }

  /** Ends the stream with a status. */
  status(code: number, message = "", details?: StatusDetails): this {
    const fields: [string, string][] = [
      ["grpc-status", String(code)],
      ["grpc-message", message],
    ];
    if (details !== undefined)
      fields.push(["grpc-status-details-bin", encodeBinaryValue(encodeStatusDetails(details))]);
    return this.head(
      this.#hasHead ? fields : [[":status", "200"], ["content-type", "application/grpc"], ...fields],
      true,
    );
  }

  head(fields: FieldList, endStream = false): this {
    const literals = encodeFields(fields);
    this.#connection.writeHead(this.#stream, NO_FIELDS, literals, 0, literals.length, endStream);
    this.#hasHead = true;
    return this;
  }

  reset(code: number = ErrorCode.internalError): void {
    this.#connection.reset(this.#stream, code);
  }

  /** For the connection: bytes of the instance. */
  receive(bytes: Uint8Array, write: number): void {
    this.#pending = concat([this.#pending, bytes]);
    while (this.#pending.length >= 5) {
      const size = new DataView(this.#pending.buffer, this.#pending.byteOffset).getUint32(1);
      if (this.#pending.length < 5 + size) return;
      this.frames.push(decodeFrame(this.#pending.subarray(5, 5 + size), write));
      this.#pending = this.#pending.slice(5 + size);
    }
  }

  #writeHead(): void {
    if (!this.#hasHead)
      this.head([
        [":status", "200"],
        ["content-type", "application/grpc"],
      ]);
  }
}

/** One connection at the router. */
export interface PeerConnection {
  readonly duplex: Duplex;
  readonly connection: Connection<PeerChannel>;
  readonly channels: readonly PeerChannel[];
}

/** A router that does what a test says. */
export interface RouterPeer {
  readonly dial: Dialer;
  readonly connections: readonly PeerConnection[];
  /** Register streams of all connections, in order. */
  readonly channels: readonly PeerChannel[];
  /** Dials so far. */
  readonly dials: number;
  /** While set, dials fail with it. */
  refuse: Error | undefined;
  /** While true, dials stay unanswered. */
  hang: boolean;
  /** Dials given up. */
  readonly cancelled: number;
  /** The last Register stream. */
  last(): PeerChannel;
}

const NO_FIELDS = createHeaderTemplate([]);
const encoder = new TextEncoder();

/** Creates a router at the other end of whatever the bridge dials. */
export function createRouterPeer(scheduler: FakeScheduler, options: DuplexOptions = {}): RouterPeer {
  const connections: PeerConnection[] = [];
  const channels: PeerChannel[] = [];
  const peer = {
    connections,
    channels,
    dials: 0,
    cancelled: 0,
    refuse: undefined as Error | undefined,
    hang: false,
    dial: ((events) => {
      peer.dials++;
      let isOn = true;
      scheduler.defer(() => {
        if (!isOn || peer.hang) return;
        if (peer.refuse !== undefined) return events.failed(peer.refuse);
        const duplex = createDuplex(scheduler, { right: { address: "router.test:80" }, ...options });
        const accepted = acceptPeer(duplex, scheduler, channels);
        connections.push(accepted);
        duplex.left.deliverTo(events.connected(duplex.left));
      });
      return {
        cancel: () => {
          isOn = false;
          peer.cancelled++;
        },
      };
    }) satisfies Dialer,
    last(): PeerChannel {
      const channel = channels.at(-1);
      if (channel === undefined) throw new Error("Cannot find a Register stream");
      return channel;
    },
  };
  return peer;
}

function acceptPeer(duplex: Duplex, scheduler: FakeScheduler, all: PeerChannel[]): PeerConnection {
  const channels: PeerChannel[] = [];
  let write = 0;
  const handler: ConnectionHandler<FieldList, PeerChannel> = {
    onHead(stream, head) {
      stream.data = new PeerChannel(connection, stream, head);
      channels.push(stream.data);
      all.push(stream.data);
      connection.growWindow(stream, 1_048_576);
    },
    onData(stream, bytes, start, end, endStream) {
      connection.consume(stream, end - start);
      stream.data?.receive(bytes.slice(start, end), write);
      if (endStream && stream.data) stream.data.ended = true;
    },
    onTrailers: () => undefined,
    onSent: () => undefined,
    onRoom: () => undefined,
    onClosed(stream, code, by) {
      if (stream.data) stream.data.closed = { code, by };
    },
    onTurn: () => void write++,
    onGoaway: () => undefined,
    onConnectionClosed: () => undefined,
  };
  const { connection, sink } = attachTransport<FieldList, PeerChannel>(duplex.right, createFlusher(scheduler), {
    role: "server",
    reader: createFieldListReader(),
    handler,
  });
  duplex.right.deliverTo(sink);
  return { duplex, connection, channels };
}

function encodeFrame({ head = {}, member, fragment }: CallFrame): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).bytes(toBinary(CallHeadSchema, create(CallHeadSchema, head)));
  if (member !== undefined) writer.tag(member[0], WireType.LengthDelimited).bytes(member[1]);
  if (fragment !== undefined) {
    writer.tag(2, WireType.LengthDelimited).bytes(toBinary(FragmentSchema, create(FragmentSchema, fragment)));
  }
  const frame = writer.finish();
  const prefixed = new Uint8Array(5 + frame.length);
  new DataView(prefixed.buffer).setUint32(1, frame.length);
  prefixed.set(frame, 5);
  return prefixed;
}

function decodeFrame(bytes: Uint8Array, write: number): ReplyFrame {
  const reader = new BinaryReader(bytes);
  let head: ReplyHead | undefined;
  let payloadNumber = 0;
  let payload = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const [number] = reader.tag();
    const value = reader.bytes().slice();
    if (number === 1) head = fromBinary(ReplyHeadSchema, value);
    else {
      payloadNumber = number;
      payload = value;
    }
  }
  if (head === undefined) throw new Error("Cannot read a frame: it has no head");
  const fragment = payloadNumber === 2 ? fromBinary(FragmentSchema, payload) : undefined;
  return { head, payloadNumber, payload, fragment, write };
}

function encodeFields(fields: FieldList): Uint8Array {
  const pairs = fields.map(([name, value]) => [encoder.encode(name), encoder.encode(value)] as const);
  const bytes = new Uint8Array(
    pairs.reduce((sum, [name, value]) => sum + sizeofLiteralField(name.length, value.length), 0),
  );
  let offset = 0;
  for (const [name, value] of pairs) offset = writeLiteralField(bytes, offset, name, value);
  return bytes.subarray(0, offset);
}

/** All parts behind each other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
