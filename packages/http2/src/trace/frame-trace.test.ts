// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { literals } from "../connection/recorder.suite.js";
import {
  clientHello,
  data,
  frame,
  goaway,
  headers,
  hex,
  join,
  ping,
  requestBlock,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from "../frame/frames.suite.js";
import { linesOfPieces } from "./traced-lines.suite.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const lines = (...parts: readonly Uint8Array[]): string => linesOfPieces([join(...parts)]).join("\n");

const grpcHead = literals(["content-type", "application/grpc+proto"]);
const message = (length: number, flag = 0): Uint8Array =>
  join(Uint8Array.of(flag), uint32(length), new Uint8Array(length));

// What comes in, and the lines for it.
const frames: readonly (readonly [what: string, bytes: Uint8Array, shown: string])[] = [
  ["the preface", clientHello, "preface\nSETTINGS      stream=0 length=0"],
  ["DATA", data(1, 12, true), "DATA          stream=1 length=12 flags=END_STREAM"],
  [
    "DATA with padding",
    frame(0, 0x8, 1, hex("03 61 000000")),
    "DATA          stream=1 length=5 flags=PADDED padding=3",
  ],
  [
    "HEADERS",
    headers(1, requestBlock, true),
    "HEADERS       stream=1 length=10 flags=END_STREAM|END_HEADERS\n  :method: POST\n  :scheme: http\n  :path: /a.B/C",
  ],
  [
    "HEADERS with padding and priority",
    frame(1, 0x2c, 3, join(hex("02 80000001 0f"), hex("88"), hex("0000"))),
    "HEADERS       stream=3 length=9 flags=END_HEADERS|PADDED|PRIORITY padding=2 depends=1 weight=16 exclusive\n  :status: 200",
  ],
  ["PRIORITY", frame(2, 0, 5, hex("00000003 ff")), "PRIORITY      stream=5 length=5 depends=3 weight=256"],
  ["RST_STREAM", rstStream(7, 8), "RST_STREAM    stream=7 length=4 code=CANCEL"],
  ["RST_STREAM with a code without a name", rstStream(7, 0x1f), "RST_STREAM    stream=7 length=4 code=0x1f"],
  [
    "SETTINGS",
    settings([1, 0], [2, 0], [3, 100], [4, 65_535], [5, 16_384], [6, 8_192], [8, 1], [9, 1], [99, 7]),
    "SETTINGS      stream=0 length=54 HEADER_TABLE_SIZE=0 ENABLE_PUSH=0 MAX_CONCURRENT_STREAMS=100 " +
      "INITIAL_WINDOW_SIZE=65535 MAX_FRAME_SIZE=16384 MAX_HEADER_LIST_SIZE=8192 ENABLE_CONNECT_PROTOCOL=1 " +
      "NO_RFC7540_PRIORITIES=1 SETTING_0x63=7",
  ],
  ["the acknowledgement of SETTINGS", settingsAck, "SETTINGS      stream=0 length=0 flags=ACK"],
  [
    "PUSH_PROMISE",
    frame(5, 0x4, 1, join(uint32(2), requestBlock)),
    "PUSH_PROMISE  stream=1 length=14 flags=END_HEADERS promised=2\n  :method: POST\n  :scheme: http\n  :path: /a.B/C",
  ],
  ["PING", ping("0102030405060708"), "PING          stream=0 length=8 opaque=0102030405060708"],
  [
    "PING's answer",
    ping("00000000000000ff", true),
    "PING          stream=0 length=8 flags=ACK opaque=00000000000000ff",
  ],
  [
    "GOAWAY",
    goaway(5, 11, 'too "many"\n'),
    'GOAWAY        stream=0 length=19 last=5 code=ENHANCE_YOUR_CALM debug="too \\"many\\"\\n"',
  ],
  ["GOAWAY without words", goaway(0x7fff_ffff, 0), "GOAWAY        stream=0 length=8 last=2147483647 code=NO_ERROR"],
  ["WINDOW_UPDATE", windowUpdate(3, 65_535), "WINDOW_UPDATE stream=3 length=4 increment=65535"],
  [
    "CONTINUATION",
    join(frame(1, 0x1, 1, requestBlock.subarray(0, 2)), frame(9, 0, 1), frame(9, 0x4, 1, requestBlock.subarray(2))),
    "HEADERS       stream=1 length=2 flags=END_STREAM\nCONTINUATION  stream=1 length=0\n" +
      "CONTINUATION  stream=1 length=8 flags=END_HEADERS\n  :method: POST\n  :scheme: http\n  :path: /a.B/C",
  ],
  ["a frame of another RFC", frame(0x10, 0, 0, text("u=1")), "PRIORITY_UPDATE stream=0 length=3"],
  ["a frame without a name", frame(0x77, 0x81, 9, text("?")), "TYPE_0x77     stream=9 length=1 flags=0x81"],
];

// Frames that break a rule, and how that is shown.
const wrong: readonly (readonly [what: string, bytes: Uint8Array, shown: string])[] = [
  ["padding of 9 octets in 2", frame(0, 0x8, 1, hex("09 61")), "padding longer than the payload"],
  ["padding without an octet for its length", frame(0, 0x8, 1), "padding longer than the payload"],
  ["HEADERS too short for priority", frame(1, 0x24, 1, hex("00")), "too short for its fields"],
  ["PUSH_PROMISE without a promise", frame(5, 0x4, 1, hex("00")), "too short for its fields"],
  ["PRIORITY of 4 octets", frame(2, 0, 1, hex("00000000")), "length must be 5"],
  ["RST_STREAM of 3 octets", frame(3, 0, 1, hex("000000")), "length must be 4"],
  ["SETTINGS of 7 octets", frame(4, 0, 0, hex("0003 00000001 00")), "length must be a multiple of 6"],
  ["PING of no octets", frame(6, 0, 0), "length must be 8"],
  ["GOAWAY of 7 octets", frame(7, 0, 0, new Uint8Array(7)), "length must be at least 8"],
  ["WINDOW_UPDATE of 5 octets", frame(8, 0, 0, new Uint8Array(5)), "length must be 4"],
  ["CONTINUATION without HEADERS", frame(9, 0x4, 1), "no header block goes on here"],
];

describe("FrameTrace", () => {
  it.each(frames)("shows %s", (_what, bytes, shown) => expect(lines(bytes)).toBe(shown));

  it.each(wrong)("shows what is wrong with %s", (_what, bytes, rule) => {
    expect(lines(bytes)).toContain(`(broken: ${rule})`);
    expect(lines(bytes, ping())).toContain("\nPING ");
  });

  it.each([
    ["an HTTP/1.1 request", text("GET / HTTP/1.1\r\nhost: a\r\n"), 'not HTTP/2: "GET / HTTP/1.1\\r\\n"'],
    ["TLS", hex("160301020001 0001fc0303"), 'not HTTP/2: "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc"'],
    ["a preface that goes wrong", text("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), "not HTTP/2: "],
    ["HTTP/2 of another kind later on", join(settings(), hex("ffffff")), "SETTINGS      stream=0 length=0"],
  ])("says that %s is none of it", (_what, bytes, shown) => expect(lines(bytes)).toContain(shown));

  it("counts the settings of a frame that has thousands", () => {
    const shown = lines(settings(...Array.from({ length: 2_000 }, (_, n) => [99, n] as const)));
    expect(shown).toMatch(/ SETTING_0x63=31 \(1968 more\)$/);
  });

  it("stops at a frame that nobody takes", () => {
    expect(lines(settings(), hex("004001 00 00 00000001"), ping())).toBe(
      "SETTINGS      stream=0 length=0\na frame of 16385 octets, more than 16384: nothing after it is shown",
    );
  });
});

describe("header fields in a FrameTrace", () => {
  it("credentials and binary metadata are shown by their length alone", () => {
    const names = [
      "authorization",
      "cookie",
      "set-cookie",
      "x-api-key",
      "x-auth-token",
      "trace-bin",
      `${"x".repeat(300)}-bin`,
    ];
    const shown = lines(headers(1, literals(...names.map((name) => [name, "geheim"] as const))));
    expect(shown).not.toContain("geheim");
    for (const name of names.slice(0, 6)) expect(shown).toContain(`\n  ${name}: (6 octets)`);
  });

  it("a field that its sender keeps out of every table is a credential, too", () => {
    expect(lines(headers(1, hex("10 01 61 01 62")))).toContain("\n  a: (1 octets)");
  });

  it("a credential stays one when it comes from the table", () => {
    const shown = lines(headers(1, hex("57 03 616263")), headers(3, hex("be")));
    expect(shown.match(/authorization: \(3 octets\)/g)).toHaveLength(2);
  });

  it("octets that are no text are escaped, and long values cut", () => {
    const shown = lines(headers(1, literals(["a", "\u001b[31m\u00e9\\"], ["b", "x".repeat(1_000)])));
    expect(shown).toContain("\n  a: \\x1b[31m\\xc3\\xa9\\\\\n");
    expect(shown).toContain(`\n  b: ${"x".repeat(256)}… (1000 octets)`);
  });

  it("malformed ones are shown with the rule", () => {
    expect(lines(headers(1, hex("00 01 41 01 62")))).toContain(
      "\n  A: b (malformed: field name must be lower case (RFC 9113 section 8.2.1))",
    );
  });

  it("thousands of them are counted", () => {
    const shown = lines(headers(1, new Uint8Array(10_000).fill(0x83)));
    expect(shown.split("\n")).toHaveLength(1 + 128 + 1);
    expect(shown).toMatch(/\n {2}\(9872 more fields\)$/);
  });

  it("keep the table over blocks, with its size", () => {
    const shown = lines(
      headers(1, hex("40 01 61 01 62")),
      headers(3, hex("be")),
      headers(5, hex("20")),
      headers(7, hex("be")),
      headers(9, hex("83")),
    );
    expect(shown.split("\n").filter((line) => line.startsWith(" "))).toEqual([
      "  a: b",
      "  a: b",
      "  (dynamic table of 0 octets)",
      "  (HPACK error: index must be in the tables (RFC 7541 section 2.3.3))",
      "  (fields cannot be decoded: index must be in the tables (RFC 7541 section 2.3.3))",
    ]);
  });

  it.each([
    [
      "an interruption",
      join(frame(1, 0, 1, requestBlock), ping(), headers(3, requestBlock)),
      "a header block was interrupted",
    ],
    [
      "a broken frame",
      join(frame(1, 0xc, 1, hex("09")), headers(3, requestBlock)),
      "a frame of a header block was broken",
    ],
    [
      "too long a block",
      join(frame(1, 0, 1), ...Array.from({ length: 5 }, () => frame(9, 0, 1, new Uint8Array(16_384))), frame(9, 4, 1)),
      "block above 65536 octets",
    ],
  ])("cannot be decoded after %s", (_what, bytes, reason) => {
    expect(lines(bytes)).toContain(`\n  (fields cannot be decoded: ${reason})`);
  });
});

describe("gRPC messages in a FrameTrace", () => {
  it("are shown where they begin", () => {
    const shown = lines(
      headers(1, grpcHead),
      frame(0, 0, 1, join(message(7), message(0), message(3, 1), message(2, 9).subarray(0, 3))),
      frame(0, 0, 1, join(message(2, 9).subarray(3), message(20).subarray(0, 9))),
      frame(0, 1, 1, new Uint8Array(16)),
      data(1, 5),
    );
    expect(shown.split("\n").slice(2)).toEqual([
      "DATA          stream=1 length=28 message=7 message=0 message=3(compressed)",
      "DATA          stream=1 length=13 message=2(flag 9) message=20",
      "DATA          stream=1 length=16 flags=END_STREAM",
      "DATA          stream=1 length=5",
    ]);
  });

  it("are not looked for in other bodies, nor behind a reset", () => {
    const other = headers(1, literals(["content-type", "text/plain"]));
    expect(lines(other, frame(0, 0, 1, message(3)))).not.toContain("message=");
    expect(lines(headers(3, grpcHead), rstStream(3, 8), frame(0, 0, 3, message(3)))).not.toContain("message=");
    expect(lines(headers(3, grpcHead, true), frame(0, 0, 3, message(3)))).not.toContain("message=");
  });

  it("are counted when there are many", () => {
    const many = join(...Array.from({ length: 20 }, () => message(1)));
    expect(lines(headers(1, grpcHead), frame(0, 0, 1, many))).toMatch(/( message=1){8} \(12 more messages\)$/);
  });

  it("are followed for the streams begun last", () => {
    const streams = Array.from({ length: 4_097 }, (_, n) => headers(2 * n + 1, grpcHead));
    const shown = lines(...streams, frame(0, 0, 1, message(3)), frame(0, 0, 8_193, message(3)));
    expect(shown.split("\n").slice(-2)).toEqual([
      "DATA          stream=1 length=8",
      "DATA          stream=8193 length=8 message=3",
    ]);
  });
});
