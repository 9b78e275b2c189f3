// SPDX-License-Identifier: Apache-2.0

import * as http2 from "node:http2";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../seeded-random.js";
import { joinBytes, RawType, rawPreface } from "./raw-frame.js";
import { createRawFrameParser } from "./raw-frame-parser.js";
import type { RawField } from "./raw-hpack.js";
import { createRawHpackDecoder, rawIndexed, rawInteger, rawLiterals, rawTableSize } from "./raw-hpack.js";
import { decodeRawHuffman, encodeRawHuffman } from "./raw-huffman.js";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("createRawHpackDecoder()", () => {
  it("reads the requests of RFC 7541 appendix C.4, Huffman code and dynamic table", () => {
    const decoder = createRawHpackDecoder();
    const first: RawField[] = [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
    ];
    expect(decoder.decode(hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"))).toEqual(first);
    expect(decoder.decode(hex("8286 84be 5886 a8eb 1064 9cbf"))).toEqual([...first, ["cache-control", "no-cache"]]);
    expect(decoder.decode(hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"))).toEqual([
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ]);
    expect(decoder.table).toEqual([
      ["custom-key", "custom-value"],
      ["cache-control", "no-cache"],
      [":authority", "www.example.com"],
    ]);
  });

  it("evicts the oldest entries when the table is full or made smaller", () => {
    const decoder = createRawHpackDecoder({ maxTableSize: 80 });
    decoder.decode(
      rawLiterals(
        [
          ["a", "1"],
          ["b", "2"],
        ],
        "withIndexing",
      ),
    );
    expect(decoder.table.map(([name]) => name)).toEqual(["b", "a"]);
    decoder.decode(rawLiterals([["c", "3"]], "withIndexing"));
    expect(decoder.table.map(([name]) => name)).toEqual(["c", "b"]);
    decoder.decode(rawTableSize(40));
    expect(decoder.table.map(([name]) => name)).toEqual(["c"]);
    decoder.decode(rawLiterals([["long", "x".repeat(80)]], "withIndexing"));
    expect(decoder.table).toEqual([]);
  });

  it.each(["withIndexing", "withoutIndexing", "neverIndexed"] as const)("reads rawLiterals() %s", (kind) => {
    const fields: RawField[] = [
      ["x-a", ""],
      ["x-long", "v".repeat(5_000)],
      ["x-octets", "\x80\xff"],
    ];
    const decoder = createRawHpackDecoder();
    expect(decoder.decode(rawLiterals(fields, kind))).toEqual(fields);
    expect(decoder.table.length).toBe(kind === "withIndexing" ? 1 : 0);
  });

  it.each([
    ["index 0", rawIndexed(0), "index must be in a table, received 0"],
    ["an index beyond both tables", rawIndexed(62), "index must be in a table, received 62"],
    ["a table size behind a field", joinBytes(rawIndexed(2), rawTableSize(10)), "must come before the first field"],
    ["a table size above the limit", rawTableSize(4097), "must be at most 4096, received 4097"],
    ["a block that ends early", Uint8Array.of(0x00, 0x05, 0x61), "the block must be whole"],
    ["a block that ends in an integer", Uint8Array.of(0xff), "the block must be whole"],
    ["an integer without end", Uint8Array.of(0xff, ...new Array<number>(9).fill(0x80)), "must be below 2^35"],
  ])("refuses %s", (_case, block, message) => {
    expect(() => createRawHpackDecoder().decode(block)).toThrow(message);
  });

  it("reads what Node's own HTTP/2 sends, every octet that a value may have", async () => {
    const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");
    const latin = Array.from({ length: 128 }, (_, index) => String.fromCharCode(128 + index)).join("");
    const sent: RawField[] = [
      ["x-printable", `a${printable}b`],
      ["x-latin", latin],
      ["x-again", "once more"],
    ];
    const chunks: Uint8Array[] = [];
    const wire = new Duplex({
      read() {},
      write(chunk: Uint8Array, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const client = http2.connect("http://router.test", { createConnection: () => wire });
    client.on("error", () => {});
    const request = client.request({ ":path": "/a.B/C", ...Object.fromEntries(sent) }, { endStream: false });
    request.on("error", () => {});
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const frames = createRawFrameParser({ skip: rawPreface.length }).push(joinBytes(...chunks));
    client.destroy();
    const blocks = frames.filter(({ type }) => type === RawType.headers || type === RawType.continuation);
    const block = joinBytes(...blocks.map(({ payload, flags }) => payload.subarray(flags & 0x20 ? 5 : 0)));
    const fields = createRawHpackDecoder().decode(block);
    expect(fields).toContainEqual([":path", "/a.B/C"]);
    for (const field of sent) expect(fields).toContainEqual(field);
  });
});

describe("rawInteger()", () => {
  it.each([
    [10, 5, 0x00, [0x0a]],
    [1337, 5, 0x00, [0x1f, 0x9a, 0x0a]],
    [42, 8, 0x00, [0x2a]],
    [127, 7, 0x80, [0xff, 0x00]],
  ])("of %i with %i bits is RFC 7541's", (value, bits, tag, octets) => {
    expect(rawInteger(value, bits, tag)).toEqual(octets);
  });
});

describe("decodeRawHuffman()", () => {
  it("undoes encodeRawHuffman() for all octets", () => {
    const random = createSeededRandom(1);
    for (let round = 0; round < 50; round++) {
      const bytes = random.randomBytes(random.integer(60));
      expect(decodeRawHuffman(encodeRawHuffman(bytes))).toEqual(bytes);
    }
    const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    expect(decodeRawHuffman(encodeRawHuffman(all))).toEqual(all);
  });

  it.each([
    ["EOS", [0xff, 0xff, 0xff, 0xff]],
    ["padding of eight bits", [0x07, 0xff, 0xff]],
    ["padding with a 0", [0x00]],
  ])("refuses %s", (_case, bytes) => {
    expect(() => decodeRawHuffman(Uint8Array.from(bytes))).toThrow("Cannot decode");
  });
});
