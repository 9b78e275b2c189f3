// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, type Http2Server } from "node:http2";
import { connect, type Socket } from "node:net";
import {
  createRawFrameParser,
  joinBytes,
  RawFlag,
  type RawFrame,
  RawType,
  rawPing,
  rawPreface,
  rawSettings,
  rawSettingsAck,
} from "@grpc-router/testing";
import { type Judge, verdictOf } from "./verdict.ts";

/** A `node:http2` server, which is nghttp2, whose user reads everything and answers nothing. */
export interface NodeServer {
  /** A connection to it that has begun. */
  judge(): Promise<Judge>;
  close(): void;
}

/** Milliseconds after which an answer does not come any more. */
const patienceMs = 3_000;

/** Starts the server on a free port. */
export async function startNodeServer(): Promise<NodeServer> {
  const server = createServer({
    settings: { maxConcurrentStreams: 1_024, initialWindowSize: 65_535, maxHeaderListSize: 16_384 },
  });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
  });
  server.on("sessionError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { judge: () => openJudge(server), close: () => server.close() };
}

async function openJudge(server: Http2Server): Promise<Judge> {
  const address = server.address();
  const socket = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  const peer = new NodePeer(socket);
  socket.write(joinBytes(rawPreface, rawSettings(), rawSettingsAck));
  await peer.settle();
  return {
    async judge(frame, isWithinBlock) {
      socket.write(frame);
      // Nothing may come between the pieces of a block, so its beginning is judged with its end.
      if (isWithinBlock) return { class: "accepted", codes: [] };
      const frames = await peer.settle();
      return verdictOf(frames, peer.isOver);
    },
    close: () => socket.destroy(),
  };
}

class NodePeer {
  isOver = false;
  readonly #socket: Socket;
  readonly #parser = createRawFrameParser();
  #frames: RawFrame[] = [];
  #pings = 0;
  #notify: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#frames.push(...this.#parser.push(new Uint8Array(bytes)));
      this.#notify();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isOver = true;
      this.#notify();
    });
  }

  /** Everything that the server says to what it was sent: a PING goes ahead of resets, so there are two, one by one. */
  async settle(): Promise<RawFrame[]> {
    await this.#ping();
    await this.#ping();
    const frames = this.#frames;
    this.#frames = [];
    return frames.filter(({ type }) => type !== RawType.ping);
  }

  async #ping(): Promise<void> {
    const opaque = [9, 9, 9, 9, 9, 9, (++this.#pings >> 8) & 0xff, this.#pings & 0xff];
    const isAnswered = () =>
      this.#frames.some(
        ({ type, flags, payload }) =>
          type === RawType.ping && flags === RawFlag.ack && payload.join() === opaque.join(),
      );
    if (this.isOver) return;
    this.#socket.write(rawPing(opaque));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error("node:http2 neither answered PING nor closed")), patienceMs);
    this.#notify = () => {
      if (this.isOver || isAnswered()) resolve();
    };
    this.#notify();
    await promise.finally(() => clearTimeout(timer));
  }
}
