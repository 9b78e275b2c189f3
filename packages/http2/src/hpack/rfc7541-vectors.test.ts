// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FieldDecoder, FieldStep } from "./field-decoder.js";
import { fieldText } from "./field-text.js";
import { ReaderScope } from "./reader-scope.js";
import type { TextField } from "./reference-hpack.suite.js";

interface Example {
  readonly title: string;
  /** SETTINGS_HEADER_TABLE_SIZE of the example. */
  readonly tableBytes: number;
  readonly blocks: readonly ExampleBlock[];
}

interface ExampleBlock {
  readonly hex: string;
  readonly fields: readonly TextField[];
  /** The dynamic table afterwards, newest first. */
  readonly table: readonly TextField[];
  readonly tableBytes: number;
}

const authority: TextField = [":authority", "www.example.com"];
const noCache: TextField = ["cache-control", "no-cache"];
const custom: TextField = ["custom-key", "custom-value"];
const getExample: readonly TextField[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
];
const getSecure: readonly TextField[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/index.html"],
];

const isPrivate: TextField = ["cache-control", "private"];
const date21: TextField = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const date22: TextField = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const location: TextField = ["location", "https://www.example.com"];
const setCookie: TextField = ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"];
const gzip: TextField = ["content-encoding", "gzip"];

const requests = (hexes: readonly [string, string, string]): readonly ExampleBlock[] => [
  { hex: hexes[0], fields: [...getExample, authority], table: [authority], tableBytes: 57 },
  { hex: hexes[1], fields: [...getExample, authority, noCache], table: [noCache, authority], tableBytes: 110 },
  {
    hex: hexes[2],
    fields: [...getSecure, authority, custom],
    table: [custom, noCache, authority],
    tableBytes: 164,
  },
];

const responses = (hexes: readonly [string, string, string]): readonly ExampleBlock[] => [
  {
    hex: hexes[0],
    fields: [[":status", "302"], isPrivate, date21, location],
    table: [location, date21, isPrivate, [":status", "302"]],
    tableBytes: 222,
  },
  {
    hex: hexes[1],
    fields: [[":status", "307"], isPrivate, date21, location],
    table: [[":status", "307"], location, date21, isPrivate],
    tableBytes: 222,
  },
  {
    hex: hexes[2],
    fields: [[":status", "200"], isPrivate, date22, location, gzip, setCookie],
    table: [setCookie, gzip, date22],
    tableBytes: 215,
  },
];

const single = (title: string, hex: string, field: TextField, isInserted: boolean): Example => ({
  title,
  tableBytes: 4_096,
  blocks: [
    {
      hex,
      fields: [field],
      table: isInserted ? [field] : [],
      tableBytes: isInserted ? field[0].length + field[1].length + 32 : 0,
    },
  ],
});

const examples: readonly Example[] = [
  single(
    "C.2.1 literal with indexing",
    "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
    ["custom-key", "custom-header"],
    true,
  ),
  single("C.2.2 literal without indexing", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"], false),
  single("C.2.3 literal never indexed", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"], false),
  single("C.2.4 indexed field", "82", [":method", "GET"], false),
  {
    title: "C.3 requests without Huffman coding",
    tableBytes: 4_096,
    blocks: requests([
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ]),
  },
  {
    title: "C.4 requests with Huffman coding",
    tableBytes: 4_096,
    blocks: requests([
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ]),
  },
  {
    title: "C.5 responses without Huffman coding, with eviction",
    tableBytes: 256,
    blocks: responses([
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "4803 3330 37c1 c0bf",
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ]),
  },
  {
    title: "C.6 responses with Huffman coding, with eviction",
    tableBytes: 256,
    blocks: responses([
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ]),
  },
];

describe("FieldDecoder RFC 7541 appendix C", () => {
  test.each(examples)("FieldDecoder decodes $title", ({ tableBytes, blocks }) => {
    const scope = new ReaderScope();
    const decoder = new FieldDecoder(scope);
    decoder.table.resize(tableBytes);
    for (const block of blocks) {
      const bytes = Uint8Array.from(block.hex.replaceAll(" ", "").match(/../g) ?? [], (pair) =>
        Number.parseInt(pair, 16),
      );
      expect(decodeAll(decoder, scope, bytes)).toEqual(block.fields);
      expect(tableOf(decoder)).toEqual(block.table);
      expect(decoder.table.sizeBytes).toBe(block.tableBytes);
    }
  });
});

function decodeAll(decoder: FieldDecoder, scope: ReaderScope, bytes: Uint8Array): TextField[] {
  const fields: TextField[] = [];
  expect(decoder.begin(bytes, 0, bytes.length)).toBe(true);
  for (let step = decoder.next(); step !== FieldStep.end; step = decoder.next()) {
    expect(step === FieldStep.name ? decoder.readValue() : step).toBe(FieldStep.field);
    const { nameBytes, nameStart, nameEnd, valueBytes, valueStart, valueEnd } = scope.field;
    fields.push([fieldText(nameBytes, nameStart, nameEnd), fieldText(valueBytes, valueStart, valueEnd)]);
  }
  decoder.finish();
  return fields;
}

function tableOf(decoder: FieldDecoder): TextField[] {
  const fields: TextField[] = [];
  for (let position = 0; position < decoder.table.length; position++) {
    const entry = decoder.table.get(position);
    if (entry !== undefined) {
      const { nameBytes, valueBytes, valueStart, valueEnd } = entry;
      fields.push([fieldText(nameBytes, 0, nameBytes.length), fieldText(valueBytes, valueStart, valueEnd)]);
    }
  }
  return fields;
}
