// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createFieldListReader, type FieldList } from "../hpack/field-list-reader.js";
import { createHeaderTemplate } from "../hpack/header-template.js";
import type { Scheduler, Transport, TransportSink } from "../ports.js";
import { attachTransport } from "./attach-transport.js";
import type { Connection, ConnectionHandler, ConnectionOptions, Stream } from "./connection.js";
import { createFlusher } from "./flusher.js";
import { counting, literals, noLiterals } from "./recorder.suite.js";

const scheduler: Scheduler = {
  nowMs: () => performance.now(),
  defer: (task) => void setImmediate(task),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
const flusher = createFlusher(scheduler);
const ok = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const done = createHeaderTemplate([["grpc-status", "0"]]);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** The least that a transport on a socket needs: "all written" is when the socket holds nothing back. */
function connect<Data>(
  socket: net.Socket,
  options: Omit<ConnectionOptions<FieldList, Data>, "host" | "nowMs" | "reader">,
): Connection<Data> {
  let sink: TransportSink | undefined;
  let held = false;
  const written = (): void => {
    if (!held || socket.writableLength > 0) return;
    held = false;
    sink?.drained();
  };
  const transport: Transport = {
    peer: { address: "loopback", encrypted: false, identities: [] },
    write(bytes, length) {
      socket.write(bytes.subarray(0, length), written);
      held = socket.writableLength > 0;
      return !held;
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    setReading: (reading) => void (reading ? socket.resume() : socket.pause()),
  };
  const attached = attachTransport<FieldList, Data>(transport, flusher, {
    ...options,
    reader: createFieldListReader(),
  });
  sink = attached.sink;
  let failure: Error | undefined;
  socket.on("data", (bytes) => sink?.receive(bytes, 0, bytes.length));
  socket.on("end", () => sink?.ended());
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("close", () => sink?.closed(failure));
  cleanups.push(() => socket.destroy());
  return attached.connection;
}

/** A handler that does nothing but what is given. */
function handler<Data>(given: Partial<ConnectionHandler<FieldList, Data>>): ConnectionHandler<FieldList, Data> {
  const nothing = (): void => {};
  return {
    onHead: nothing,
    onData: nothing,
    onTrailers: nothing,
    onSent: nothing,
    onRoom: nothing,
    onClosed: nothing,
    onTurn: nothing,
    onGoaway: nothing,
    onConnectionClosed: nothing,
    ...given,
  };
}

/** A server of ours that sends every body back as it comes, and gives window only for what has gone out again. */
async function echoServer(): Promise<{ url: string; connections: Connection<undefined>[]; closed: string[] }> {
  const connections: Connection<undefined>[] = [];
  const closed: string[] = [];
  const server = net.createServer((socket) => {
    const connection: Connection<undefined> = connect<undefined>(socket, {
      role: "server",
      handler: handler({
        onHead: (stream, _head, endStream) => {
          connection.writeHead(stream, ok, noLiterals, 0, 0, false);
          if (endStream) connection.writeHead(stream, done, noLiterals, 0, 0, true);
        },
        onData: (stream, bytes, start, end, endStream) => {
          const sent = connection.write(stream, bytes, start, end, false);
          connection.consume(stream, sent);
          if (endStream) connection.writeHead(stream, done, noLiterals, 0, 0, true);
        },
        onTrailers: (stream) => connection.writeHead(stream, done, noLiterals, 0, 0, true),
        onSent: (stream, count) => connection.consume(stream, count),
        onClosed: (stream, code, by) => closed.push(`${stream.id} ${code} ${by}`),
        onConnectionClosed: (reason) => closed.push(`connection ${reason.code} ${reason.by} ${reason.message}`),
      }),
    });
    connections.push(connection);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, connections, closed };
}

function session(url: string, options?: http2.ClientSessionOptions): http2.ClientHttp2Session {
  const client = http2.connect(url, options);
  client.on("error", () => {});
  cleanups.push(() => client.destroy());
  return client;
}

const post = { ":method": "POST", ":path": "/test.Echo/Call", te: "trailers" };

/** One call; resolves to the body and the trailers. */
async function call(
  client: http2.ClientHttp2Session,
  body: Uint8Array,
): Promise<{ body: Buffer; trailers: http2.IncomingHttpHeaders }> {
  const request = client.request(post);
  const chunks: Buffer[] = [];
  let trailers: http2.IncomingHttpHeaders = {};
  request.on("trailers", (fields) => {
    trailers = fields;
  });
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.end(body);
  await once(request, "close");
  return { body: Buffer.concat(chunks), trailers };
}

describe("a server of ours and a client of node:http2", () => {
  it.each([
    ["the default settings", {}],
    ["small windows", { settings: { initialWindowSize: 1_000 } }],
    ["padding", { paddingStrategy: http2.constants.PADDING_STRATEGY_MAX }],
    ["no header table", { settings: { headerTableSize: 0 } }],
  ] as const)("exchange bodies of all sizes with %s", async (_what, options) => {
    const { url } = await echoServer();
    const client = session(url, options);
    for (const length of [0, 1, 5, 16_384, 70_000, 3_000_000]) {
      const sent = counting(0, length);
      const { body, trailers } = await call(client, sent);
      expect(body.equals(sent)).toBe(true);
      expect(trailers["grpc-status"]).toBe("0");
    }
  });

  it("exchange 1,000 calls at once", async () => {
    const { url, connections } = await echoServer();
    const client = session(url);
    await once(client, "remoteSettings");
    const results = await Promise.all(Array.from({ length: 1_000 }, (_, n) => call(client, counting(n, 100 + n))));
    results.forEach(({ body }, n) => {
      expect(body.equals(counting(n, 100 + n))).toBe(true);
    });
    expect(connections[0]?.openStreams).toBe(0);
  });

  it("see each other's resets", async () => {
    const { url, closed, connections } = await echoServer();
    const client = session(url);
    const request = client.request(post);
    await once(request, "response");
    request.on("error", () => {});
    request.destroy(new Error("no longer wanted"));
    await new Promise((resolve) => request.on("close", resolve));
    await call(client, counting(0, 10));
    expect(closed.toSorted()).toEqual(["1 2 peer", "3 0 end"]);
    const second = client.request(post);
    await once(second, "response");
    connections[0]?.close(11, "enough");
    const [error] = (await once(second, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ERR_HTTP2_SESSION_ERROR");
  });

  it("drain without losing a call", async () => {
    const { url, closed, connections } = await echoServer();
    const client = session(url);
    const request = client.request(post);
    await once(request, "response");
    const goaways: number[] = [];
    client.on("goaway", (_code, lastStreamId) => goaways.push(lastStreamId));
    connections[0]?.drain("restart");
    await once(client, "goaway");
    request.end("bye");
    const [chunk] = (await once(request, "data")) as [Buffer];
    expect(chunk.toString()).toBe("bye");
    await once(client, "close");
    expect(goaways[0]).toBe(0x7fff_ffff);
    expect(closed[0]).toBe("1 0 end");
  });

  it("part in good order when the client leaves", async () => {
    const { url, closed } = await echoServer();
    const client = session(url);
    await call(client, counting(0, 10));
    client.close();
    await once(client, "close");
    while (closed.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(closed[1]).toMatch(/^connection 0 (peer|transport)/);
  });

  it("answer PING", async () => {
    const { url } = await echoServer();
    const client = session(url);
    await once(client, "connect");
    const payload = await new Promise<Buffer>((resolve) => {
      client.ping(Buffer.from("abcdefgh"), (_error, _duration, answer) => resolve(answer));
    });
    expect(payload.toString()).toBe("abcdefgh");
  });
});

/** What a client of ours keeps of a call. */
interface Call {
  readonly body: Uint8Array;
  at: number;
  readonly received: Buffer[];
  head: FieldList | undefined;
  trailers: FieldList | undefined;
  end(code: number, by: string): void;
}

/** A client of ours that writes as there is room. */
async function ourClient(
  port: number,
): Promise<{ connection: Connection<Call>; call(body: Uint8Array): Promise<Call & { code: number; by: string }> }> {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  const pump = (stream: Stream<Call>): void => {
    const { data } = stream;
    if (data === undefined || stream.localEnded) return;
    for (let room = connection.room(stream); room > 0 && data.at < data.body.length; room = connection.room(stream)) {
      const to = Math.min(data.body.length, data.at + room);
      data.at += connection.write(stream, data.body, data.at, to, false);
    }
    if (data.at === data.body.length) connection.write(stream, data.body, data.at, data.at, true);
  };
  const connection: Connection<Call> = connect<Call>(socket, {
    role: "client",
    handler: handler({
      onHead: (stream, head) => {
        if (stream.data !== undefined) stream.data.head = head;
      },
      onData: (stream, bytes, start, end) => {
        stream.data?.received.push(Buffer.from(bytes.slice(start, end)));
        connection.consume(stream, end - start);
      },
      onTrailers: (stream, head) => {
        if (stream.data !== undefined) stream.data.trailers = head;
      },
      onRoom: pump,
      onClosed: (stream, code, by) => stream.data?.end(code, by),
    }),
  });
  const template = createHeaderTemplate([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/test.Echo/Call"],
    [":authority", "localhost"],
    ["te", "trailers"],
  ]);
  return {
    connection,
    call: (body) =>
      new Promise((resolve) => {
        const fields = literals(["x-length", String(body.length)]);
        const stream = connection.open(template, fields, 0, fields.length, false);
        const kept: Call = {
          body,
          at: 0,
          received: [],
          head: undefined,
          trailers: undefined,
          end: (code, by) => resolve({ ...kept, code, by }),
        };
        stream.data = kept;
        pump(stream);
      }),
  };
}

async function nodeServer(
  options: http2.ServerOptions,
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
): Promise<{ port: number; sessions: http2.ServerHttp2Session[] }> {
  const sessions: http2.ServerHttp2Session[] = [];
  const server = http2.createServer(options);
  server.on("session", (opened) => sessions.push(opened));
  server.on("stream", onStream);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    for (const opened of sessions) opened.destroy();
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, sessions };
}

function echo(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  stream.respond({ ":status": 200, "x-length": headers["x-length"] }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.on("error", () => {});
  stream.pipe(stream);
}

describe("a client of ours and a server of node:http2", () => {
  it.each([
    ["the default settings", {}],
    ["small windows", { settings: { initialWindowSize: 1_000 } }],
    ["padding", { paddingStrategy: http2.constants.PADDING_STRATEGY_MAX }],
    ["no header table", { settings: { headerTableSize: 0 } }],
  ] as const)("exchange bodies of all sizes with %s", async (_what, options) => {
    const { port } = await nodeServer(options, echo);
    const client = await ourClient(port);
    for (const length of [0, 1, 5, 16_384, 70_000, 3_000_000]) {
      const sent = counting(0, length);
      const result = await client.call(sent);
      expect(Buffer.concat(result.received).equals(sent)).toBe(true);
      expect(result.head).toContainEqual(["x-length", String(length)]);
      expect(result.trailers).toEqual([["grpc-status", "0"]]);
      expect([result.code, result.by]).toEqual([0, "end"]);
    }
  });

  it("exchange 100 calls at once", async () => {
    const { port } = await nodeServer({}, echo);
    const client = await ourClient(port);
    const results = await Promise.all(Array.from({ length: 100 }, (_, n) => client.call(counting(n, 1_000 * n))));
    results.forEach(({ received }, n) => {
      expect(Buffer.concat(received).equals(counting(n, 1_000 * n))).toBe(true);
    });
  });

  it("skip interim responses and see resets and GOAWAY", async () => {
    const { port, sessions } = await nodeServer({}, (stream) => {
      stream.on("error", () => {});
      stream.additionalHeaders({ ":status": 103, link: "</a>" });
      stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
    const client = await ourClient(port);
    const result = await client.call(counting(0, 10));
    expect([result.code, result.by, result.head]).toEqual([11, "peer", undefined]);
    sessions[0]?.close();
    while (!client.connection.closed) await new Promise((resolve) => setImmediate(resolve));
    expect(client.connection.canOpen).toBe(false);
  });
});
