// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bench, exchange, literals, noLiterals } from "../connection/recorder.suite.js";
import { frame, headers, hex, join, ping, requestBlock, settings, settingsAck } from "../frame/frames.suite.js";
import { clientPreface } from "../frame/preface.js";
import { createHeaderTemplate } from "../hpack/header-template.js";
import { FrameTrace } from "./frame-trace.js";
import { linesOfPieces } from "./traced-lines.suite.js";

const request = createHeaderTemplate([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/acme.user.v1.UserService/GetUser"],
  [":authority", "router.test"],
  ["te", "trailers"],
  ["content-type", "application/grpc"],
]);
const response = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const trailers = createHeaderTemplate([["grpc-status", "0"]]);

/** Two gRPC calls between two connections; returns what the server's trace said. */
function twoCalls(): string[] {
  const lines: string[] = [];
  let now = 5_000;
  const server = new Bench("server", { trace: new FrameTrace({ line: (line) => lines.push(line), nowMs: () => now }) });
  const client = new Bench("client");
  server.handler.react.onData = (stream, _bytes, start, end, ended) => {
    server.connection.consume(stream, end - start);
    if (!ended) return;
    now += 1.25;
    server.connection.writeHead(stream, response, noLiterals, 0, 0, false);
    server.connection.write(stream, hex("00 00000002 0801"), 0, 7, false);
    server.connection.writeHead(stream, trailers, noLiterals, 0, 0, true);
  };
  const secret = literals(["authorization", "Bearer geheim"], ["grpc-timeout", "1S"]);
  for (let call = 0; call < 2; call++) {
    exchange(client, server);
    const stream = client.connection.open(request, secret, 0, secret.length, false);
    client.connection.write(stream, hex("01 00000003 0a0131"), 0, 8, true);
    exchange(client, server);
  }
  client.connection.close(0, "done");
  exchange(client, server);
  return lines;
}

const wholeCall = `
    0.000000 recv preface
    0.000000 recv SETTINGS      stream=0 length=18 ENABLE_PUSH=0 INITIAL_WINDOW_SIZE=1048576 MAX_HEADER_LIST_SIZE=16384
    0.000000 recv WINDOW_UPDATE stream=0 length=4 increment=4128769
    0.000000 send SETTINGS      stream=0 length=12 MAX_CONCURRENT_STREAMS=1024 MAX_HEADER_LIST_SIZE=16384
    0.000000 send WINDOW_UPDATE stream=0 length=4 increment=983041
    0.000000 send SETTINGS      stream=0 length=0 flags=ACK
    0.000000 recv SETTINGS      stream=0 length=0 flags=ACK
    0.000000 recv HEADERS       stream=1 length=108 flags=END_HEADERS
                    :method: POST
                    :scheme: http
                    :path: /acme.user.v1.UserService/GetUser
                    :authority: router.test
                    te: trailers
                    content-type: application/grpc
                    authorization: (13 octets)
                    grpc-timeout: 1S
    0.000000 recv DATA          stream=1 length=8 flags=END_STREAM message=3(compressed)
    0.001250 send HEADERS       stream=1 length=14 flags=END_HEADERS
                    :status: 200
                    content-type: application/grpc
    0.001250 send DATA          stream=1 length=7 message=2
    0.001250 send HEADERS       stream=1 length=12 flags=END_STREAM|END_HEADERS
                    grpc-status: 0
`;

describe("a connection with a trace", () => {
  it("shows a whole gRPC call", () => {
    const lines = twoCalls();
    const second = lines.findIndex((line) => line.includes("HEADERS       stream=3"));
    expect(`\n${lines.slice(0, second).join("\n")}\n`).toBe(wholeCall);
    // The second call comes from the tables of both directions.
    expect(lines.slice(second).filter((line) => line.startsWith("     "))).toEqual(
      wholeCall.split("\n").filter((line) => line.startsWith("     ")),
    );
    expect(lines.at(-1)).toBe('    0.002500 recv GOAWAY        stream=0 length=12 last=0 code=NO_ERROR debug="done"');
  });

  it("follows both HPACK tables through changes of their size", () => {
    const lines: string[] = [];
    const trace = new FrameTrace({ line: (line) => lines.push(line), nowMs: () => 0 });
    const server = new Bench("server", { trace, limits: { headerTableBytes: 8_192 } });
    server.handler.react.onHead = (stream) => server.connection.writeHead(stream, response, noLiterals, 0, 0, true);
    const sizeUpdate = hex("3f e1 3f"); // 8,192
    server.receive(clientPreface, settings([1, 0]));
    server.output();
    server.receive(settingsAck, headers(1, join(sizeUpdate, requestBlock), true));
    server.output();
    server.receive(settings([1, 4_096]), headers(3, requestBlock, true));
    server.output();
    expect(lines.filter((line) => /error|cannot/.test(line))).toEqual([]);
    expect(lines.filter((line) => line.includes("dynamic table")).map((line) => line.trim())).toEqual([
      "(dynamic table of 8192 octets)",
      "(dynamic table of 0 octets)",
      "(dynamic table of 4096 octets)",
    ]);
  });

  it("shows what a peer of another protocol gets", () => {
    const lines: string[] = [];
    const server = new Bench("server", { trace: new FrameTrace({ line: (line) => lines.push(line), nowMs: () => 0 }) });
    server.receive(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    server.output();
    expect(lines.map((line) => line.slice(12))).toEqual([
      ' recv not HTTP/2: "GET / HTTP/1.1\\r\\n"',
      ' send not HTTP/2: "HTTP/1.1 505 HTTP Version Not Supported\\r\\n"',
    ]);
  });
});

/** What a server's trace shows that looks on for good, and one that comes before the step `from`. */
function lookOnFrom(
  from: number,
  split: number,
): { readonly whole: string[]; readonly late: string[]; readonly left: boolean } {
  const whole: string[] = [];
  const late: string[] = [];
  const trace = new FrameTrace({ line: (line) => whole.push(line), nowMs: () => 0 });
  const server = new Bench("server", { trace });
  const client = new Bench("client");
  let before = 0;
  let leave = (): void => {};
  server.handler.react.onData = (stream, _bytes, start, end, ended) => {
    server.connection.consume(stream, end - start);
    if (!ended) return;
    server.connection.writeHead(stream, response, noLiterals, 0, 0, false);
    server.connection.writeHead(stream, trailers, noLiterals, 0, 0, true);
  };
  exchange(client, server);
  for (let step = 0; step < 6; step++) {
    const own = literals(["x-step", `${step % 3}`], ["authorization", "Bearer geheim"]);
    const stream = client.connection.open(request, own, 0, own.length, false);
    client.connection.write(stream, hex("00 00000003 0a0131"), 0, 8, true);
    const bytes = client.output();
    const at = split % (bytes.length + 1);
    server.receive(bytes.subarray(0, at));
    if (step === from) {
      // An answer, if the whole request has come: dropped, it would leave the client's header table behind.
      client.receive(server.output());
      before = whole.length;
      leave = server.connection.lookOn(new FrameTrace({ line: (line) => late.push(line), nowMs: () => 0 }));
    }
    server.receive(bytes.subarray(at));
    client.receive(server.output());
  }
  const shown = late.length;
  leave();
  server.receive(ping("0102030405060708"));
  return { whole: whole.slice(before, before + shown), late, left: late.length === shown };
}

describe("lookOn()", () => {
  it("shows from the middle of a connection what a trace from its beginning shows", () => {
    const plain = (line: string): string => line.replace(/ message=.*$/, "");
    fc.assert(
      fc.property(fc.nat(4), fc.nat(400), (from, split) => {
        const { whole, late, left } = lookOnFrom(from, split);
        expect(late.map(plain)).toEqual(whole.map(plain));
        expect(late.length).toBeGreaterThan(10);
        expect(late.join("\n")).not.toContain("HPACK error");
        expect(left).toBe(true);
      }),
    );
  });

  it("waits with what is sent until what was encoded before is out", () => {
    const late: string[] = [];
    const server = new Bench("server");
    server.handler.react.onHead = (stream) => server.connection.writeHead(stream, response, noLiterals, 0, 0, true);
    server.receive(clientPreface, settings(), settingsAck, headers(1, requestBlock, true));
    server.connection.lookOn(new FrameTrace({ line: (line) => late.push(line.trim()), nowMs: () => 0 }));
    server.output();
    expect(late).toEqual([]);
    server.receive(headers(3, requestBlock, true));
    server.output();
    expect(late.slice(-3)).toEqual([
      expect.stringMatching(/send HEADERS +stream=3 /),
      ":status: 200",
      "content-type: application/grpc",
    ]);
  });

  it("goes on with a header block that is begun", () => {
    const late: string[] = [];
    const server = new Bench("server");
    server.receive(clientPreface, settings(), settingsAck, frame(1, 0x1, 1, requestBlock.subarray(0, 2)));
    server.connection.lookOn(new FrameTrace({ line: (line) => late.push(line.trim()), nowMs: () => 0 }));
    server.receive(frame(9, 0x4, 1, requestBlock.subarray(2)));
    expect(late.slice(1)).toEqual([":method: POST", ":scheme: http", ":path: /a.B/C"]);
  });

  it("counts what came and what was taken to be sent", () => {
    const server = new Bench("server");
    server.receive(clientPreface, settings());
    const sent = server.output();
    expect(server.connection.receivedBytes).toBe(clientPreface.length + settings().length);
    expect(server.connection.sentBytes).toBe(sent.length);
  });
});

const anyFrame = fc
  .tuple(fc.nat(18), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 60 }))
  .map(([type, flags, id, payload]) => frame(type, flags, id, payload));
const start = fc.constantFrom(clientPreface, new Uint8Array(0));
const anyInput = fc
  .tuple(
    start,
    fc.array(fc.oneof({ weight: 5, arbitrary: anyFrame }, fc.uint8Array({ maxLength: 20 })), { maxLength: 30 }),
  )
  .map(([first, parts]) => join(first, ...parts));

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [...new Set([0, ...at.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe("FrameTrace", () => {
  it("says the same however the octets come in pieces, and never throws", () => {
    fc.assert(
      fc.property(anyInput, fc.array(fc.nat(2_000), { maxLength: 20 }), (bytes, places) => {
        const whole = linesOfPieces([bytes]);
        expect(linesOfPieces(cut(bytes, places))).toEqual(whole);
        expect(linesOfPieces(Array.from(bytes, (octet) => Uint8Array.of(octet)))).toEqual(whole);
        for (const line of whole) expect(line).toMatch(/^[\x20-\x7e…]*$/);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves the connection as it is", () => {
    fc.assert(
      fc.property(anyInput, (bytes) => {
        const [traced, plain] = [new FrameTrace({ line: () => {}, nowMs: () => 0 }), undefined].map((trace) => {
          const bench = new Bench("server", { trace });
          bench.receive(bytes);
          return { lines: bench.handler.take(), output: bench.output() };
        });
        expect(traced).toEqual(plain);
      }),
    );
  });
});
