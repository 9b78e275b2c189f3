// SPDX-License-Identifier: Apache-2.0

import { createHash } from "node:crypto";
import { connect, createServer, Socket } from "node:net";
import type { Transport } from "@grpc-router/http2";
import { createSelfSigned } from "@grpc-router/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createDialer } from "../dial/dialer.js";
import { type Listener, listen } from "../serve/listener.js";
import { readInto } from "./accepted-read.js";
import { RecordingSink, writeAll } from "./recording-sink.suite.js";
import { createSocketTransport, type SocketTransportOptions } from "./socket-transport.js";

const certificate = createSelfSigned();
const open: { close(): void }[] = [];
afterEach(() => {
  for (const it of open.splice(0)) it.close();
});

interface Side {
  readonly transport: Transport;
  readonly sink: RecordingSink;
}

/** A connected pair: the accepted side reads as told, the dialled one by `onread`. */
async function connectPair(read: SocketTransportOptions["read"], encrypted: boolean): Promise<[Side, Side]> {
  const accepted = Promise.withResolvers<Side>();
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: encrypted ? certificate : undefined,
    logger: { log: () => {} },
    onSocket: (socket) => {
      const transport = createSocketTransport(socket, read === undefined ? {} : { read });
      const sink = new RecordingSink();
      transport.start(sink);
      open.push({ close: () => transport.destroy() });
      accepted.resolve({ transport, sink });
    },
  });
  open.push({ close: () => void listener.stop() });
  const dialled = await dialSide(listener, encrypted);
  return [await accepted.promise, dialled];
}

function dialSide(listener: Listener, encrypted: boolean): Promise<Side> {
  const address = { ...listener.address, role: "router", encrypted, url: "test" } as const;
  return new Promise((resolve, reject) => {
    createDialer(address, { ca: certificate.cert })({
      failed: reject,
      connected: (transport) => {
        const sink = new RecordingSink();
        open.push({ close: () => transport.destroy() });
        resolve({ transport, sink });
        return sink;
      },
    });
  });
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe.each([
  { read: "shared", encrypted: false },
  { read: "event", encrypted: false },
  { read: "shared", encrypted: true },
  { read: "event", encrypted: true },
] as const)("createSocketTransport() read $read, encrypted $encrypted", ({ read, encrypted }) => {
  it("carries bytes both ways unchanged, whatever their size", async () => {
    const [accepted, dialled] = await connectPair(read, encrypted);
    const bytes = Buffer.alloc(3_000_001).map((_, at) => (at * 2_654_435_761) >>> 13);
    await Promise.all([
      writeAll(dialled.transport, dialled.sink, bytes, 65_536),
      writeAll(accepted.transport, accepted.sink, bytes, 9_999),
      accepted.sink.until((sink) => sink.receivedBytes === bytes.length),
      dialled.sink.until((sink) => sink.receivedBytes === bytes.length),
    ]);
    expect(digest(accepted.sink.received)).toBe(digest(bytes));
    expect(digest(dialled.sink.received)).toBe(digest(bytes));
  });

  it("reads by one shared buffer exactly when asked to", async () => {
    const [accepted, dialled] = await connectPair(read, encrypted);
    const buffers = new Set<ArrayBufferLike>();
    accepted.sink.onReceive = (bytes) => buffers.add(bytes.buffer);
    for (const count of [1, 2, 3]) {
      await writeAll(dialled.transport, dialled.sink, Buffer.alloc(40_000), 40_000);
      await accepted.sink.until((sink) => sink.receivedBytes === count * 40_000);
    }
    if (read === "shared") expect(buffers.size).toBe(1);
    else expect(buffers.size).toBeGreaterThan(1);
  });

  it("holds a write that the peer does not read and reports when it is taken", async () => {
    const [accepted, dialled] = await connectPair(read, encrypted);
    accepted.transport.setReading(false);
    const piece = new Uint8Array(65_536);
    let written = 0;
    // More than two kernels' socket buffers together hold.
    const stuck = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300));
    for (;;) {
      written += piece.length;
      if (dialled.transport.write(piece, piece.length)) continue;
      const { drains } = dialled.sink;
      const moved = dialled.sink.until((sink) => sink.drains > drains).then(() => false);
      if (await Promise.race([moved, stuck])) break;
    }
    const before = accepted.sink.receivedBytes;
    expect(before).toBeLessThan(written);
    accepted.transport.setReading(true);
    await accepted.sink.until((sink) => sink.receivedBytes === written);
  });

  it("tells the end once, then closes", async () => {
    const [accepted, dialled] = await connectPair(read, encrypted);
    await writeAll(accepted.transport, accepted.sink, Buffer.from("first"), 5);
    await dialled.sink.until((sink) => sink.receivedBytes === 5);
    await writeAll(dialled.transport, dialled.sink, Buffer.from("last"), 4);
    dialled.transport.end();
    await accepted.sink.until((sink) => sink.ends === 1);
    accepted.transport.end();
    await Promise.all([accepted.sink, dialled.sink].map((side) => side.until((sink) => sink.closes === 1)));
    expect(accepted.sink.received.toString()).toBe("last");
    expect([accepted.sink.error, dialled.sink.error]).toEqual([undefined, undefined]);
  });

  it("is silent after destroy() but for one closed()", async () => {
    const [accepted, dialled] = await connectPair(read, encrypted);
    accepted.sink.onReceive = () => accepted.transport.destroy();
    await writeAll(dialled.transport, dialled.sink, Buffer.alloc(200_000), 65_536);
    await accepted.sink.until((sink) => sink.closes === 1);
    accepted.transport.destroy();
    expect(accepted.transport.write(new Uint8Array(10), 10)).toBe(true);
    await dialled.sink.until((sink) => sink.closes === 1);
    expect(accepted.sink.chunks.length).toBe(1);
    expect(accepted.sink.closes).toBe(1);
  });
});

describe("createSocketTransport()", () => {
  it.each(["shared", "event"] as const)(
    "read %s, plain: tells the end once, lets the other direction go on, then closes both",
    async (read) => {
      const [accepted, dialled] = await connectPair(read, false);
      dialled.transport.end();
      await accepted.sink.until((sink) => sink.ends === 1);
      await writeAll(accepted.transport, accepted.sink, Buffer.from("late"), 4);
      accepted.transport.end();
      await dialled.sink.until((sink) => sink.closes === 1);
      await accepted.sink.until((sink) => sink.closes === 1);
      expect(dialled.sink.received.toString()).toBe("late");
      expect([accepted.sink.ends, dialled.sink.ends]).toEqual([1, 1]);
      expect([accepted.sink.error, dialled.sink.error]).toEqual([undefined, undefined]);
    },
  );

  it("names a peer's address, and its identities only when verified", async () => {
    const [plain] = await connectPair("shared", false);
    expect(plain.transport.peer).toEqual({
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      encrypted: false,
      identities: [],
    });
    const [, dialled] = await connectPair("shared", true);
    expect(dialled.transport.peer.identities).toEqual(["localhost", "127.0.0.1"]);
  });

  it("closes at once when the socket was gone before start()", async () => {
    const socket = new Socket();
    const transport = createSocketTransport(socket);
    socket.destroy(new Error("gone"));
    await new Promise((resolve) => setImmediate(resolve));
    const sink = new RecordingSink();
    transport.start(sink);
    await sink.until((seen) => seen.closes === 1);
    expect(sink.error?.message).toBe("gone");
  });

  it("delivers an error of inspect() instead of the bytes", async () => {
    const server = createServer((peer) => peer.end("HTTP/1.1 400")).listen(0);
    open.push(server);
    await new Promise((resolve) => server.once("listening", resolve));
    const socket = connect((server.address() as { port: number }).port);
    const sink = new RecordingSink();
    createSocketTransport(socket, { inspect: (bytes) => new Error(`starts with ${bytes[0]}`) }).start(sink);
    await sink.until((seen) => seen.closes === 1);
    expect(sink.error?.message).toBe("starts with 72");
    expect(sink.receivedBytes).toBe(0);
  });
});

describe("readInto()", () => {
  it("refuses sockets that are not built as expected, so that the 'data' event is used", () => {
    const noop = () => {};
    const buffer = new Uint8Array(1);
    expect(readInto(new Socket(), buffer, noop)).toBe(false); // no handle yet
    const handle = { useUserBuffer: noop };
    const other = Object.assign(Object.create(Socket.prototype), { _handle: handle });
    expect(readInto(other, buffer, noop)).toBe(false); // no such symbols
    const used = new Socket({ onread: { buffer, callback: () => true } });
    Reflect.set(used, "_handle", handle);
    expect(readInto(used, buffer, noop)).toBe(false); // has a buffer already
  });
});
