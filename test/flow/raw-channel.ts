// SPDX-License-Identifier: Apache-2.0
// Both ends of a registration channel on node:http2: frames go out as a test writes them, and come in with their sizes.
import { once } from "node:events";
import { type ClientHttp2Session, connect, createServer, type Http2Stream, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  CallHeadSchema,
  FrameView,
  type HelloSchema,
  MessageSplitter,
  ReplyHeadSchema,
  readFrame,
} from "@grpc-router/protocol";

/** A frame as it came. */
export interface SeenFrame<Head> {
  readonly head: Head;
  /** Octets of the member, or of the fragment with its fields; 0: the frame has no payload. */
  readonly payloadBytes: number;
}

/** A frame to send: its head, and the member `payload[0]` with these octets. */
export interface SentFrame<Head> {
  readonly head: Head;
  readonly payload?: readonly [number: number, bytes: Uint8Array];
}

type HeadSchema = typeof CallHeadSchema | typeof ReplyHeadSchema;

/** One end of a Register stream, which reads the heads of one side and sends those of the other. */
export class RawChannel<Reads extends HeadSchema, Sends extends HeadSchema> {
  readonly frames: SeenFrame<MessageShape<Reads>>[] = [];
  readonly #stream: Http2Stream & NodeJS.WritableStream & NodeJS.ReadableStream;
  readonly #sends: Sends;

  constructor(stream: Http2Stream & NodeJS.WritableStream & NodeJS.ReadableStream, reads: Reads, sends: Sends) {
    this.#stream = stream;
    this.#sends = sends;
    const splitter = new MessageSplitter(2 ** 20);
    const frame = new FrameView();
    const sink = {
      onMessage: (bytes: Uint8Array, start: number, end: number) => {
        if (readFrame(bytes, start, end, frame) !== 0) throw new Error("Cannot read a frame");
        const head = fromBinary<Reads>(reads, bytes.subarray(frame.headStart, frame.headEnd));
        this.frames.push({ head, payloadBytes: frame.payloadEnd - frame.payloadStart });
      },
    };
    stream.on("data", (chunk: Buffer) => void splitter.push(chunk, 0, chunk.length, sink));
    stream.on("error", () => {});
  }

  send({ head, payload }: SentFrame<MessageInitShape<Sends>>): void {
    const writer = new BinaryWriter();
    const bytes = toBinary<Sends>(this.#sends, create<Sends>(this.#sends, head));
    writer.tag(1, WireType.LengthDelimited).bytes(bytes);
    if (payload !== undefined) writer.tag(payload[0], WireType.LengthDelimited).bytes(payload[1]);
    const frame = writer.finish();
    const prefixed = Buffer.alloc(5 + frame.length);
    prefixed.writeUInt32BE(frame.length, 1);
    prefixed.set(frame, 5);
    this.#stream.write(prefixed);
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Resolves when a frame is `wanted`, with it. */
  async until(
    wanted: (frame: SeenFrame<MessageShape<Reads>>) => boolean,
    withinMs = 10_000,
  ): Promise<SeenFrame<MessageShape<Reads>>> {
    for (const endMs = performance.now() + withinMs; performance.now() < endMs; ) {
      const found = this.frames.find(wanted);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`Cannot go on: no such frame within ${withinMs} ms`);
  }
}

/** What a raw instance has of its channel, and what a raw router. */
export type InstanceEnd = RawChannel<typeof CallHeadSchema, typeof ReplyHeadSchema>;
export type RouterEnd = RawChannel<typeof ReplyHeadSchema, typeof CallHeadSchema>;

/** An instance without a bridge. */
export interface RawInstance {
  readonly channel: InstanceEnd;
  readonly session: ClientHttp2Session;
}

/** Registers at a router. */
export async function registerRaw(
  url: string,
  path: string,
  hello: MessageInitShape<typeof HelloSchema>,
): Promise<RawInstance> {
  const session = connect(url);
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers, { endStream: false });
  const channel = new RawChannel(stream, CallHeadSchema, ReplyHeadSchema);
  const value = {
    revisionMin: 1,
    revisionMax: 1,
    incarnation: 1n,
    ordinal: 1n,
    processKey: new Uint8Array(16),
    ...hello,
  };
  channel.send({ head: { control: { kind: { case: "hello", value } } } });
  await channel.until(({ head }) => head.control?.kind.case === "welcome");
  return { channel, session };
}

/** A router that does what a test says. */
export interface RawRouter {
  readonly url: string;
  /** The first Register stream, welcomed. */
  readonly channel: Promise<RouterEnd>;
  close(): void;
}

/** Listens for an instance and welcomes it; its replies may be `replyCredit` ahead. */
export async function listenRaw(replyCredit: number): Promise<RawRouter> {
  const server = createServer();
  const first = Promise.withResolvers<RouterEnd>();
  server.on("stream", async (stream: ServerHttp2Stream) => {
    const channel = new RawChannel(stream, ReplyHeadSchema, CallHeadSchema);
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    await channel.until(({ head }) => head.control?.kind.case === "hello");
    const value = { revision: 1, routerId: "raw", epoch: 1n, initialCredit: replyCredit };
    channel.send({ head: { control: { kind: { case: "welcome", value } } } });
    first.resolve(channel);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, channel: first.promise, close: () => void server.close() };
}
