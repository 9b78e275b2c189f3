// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { readContent, unwrapContent, wrapContent, writeContent } from "./sim-content.js";

it.each([0, 1, 115, 116, 16_384, 200_000])(
  "writeContent() of %i more bytes is read back, and every change shows",
  (filling) => {
    const content = { call: 7, sequence: 3, execution: 9 };
    const bytes = writeContent(content, filling);
    expect(readContent(bytes)).toEqual(content);
    const message = wrapContent(bytes);
    expect(message).toEqual(toBinary(BytesValueSchema, create(BytesValueSchema, { value: bytes })));
    expect(readContent(unwrapContent(message) ?? new Uint8Array())).toEqual(content);
    expect(unwrapContent(message.subarray(0, -1))).toBeUndefined();
    if (filling === 0) return;
    bytes[bytes.length - 1] = 0;
    expect(readContent(bytes)).toBeUndefined();
  },
);
