// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EndSchema } from "../gen/grpcrouter/v1/channel_pb.js";
import { sizeofMetadataEntry, writeMetadataEntry } from "./write-metadata-entry.js";

describe("writeMetadataEntry()", () => {
  test.each([
    ["x-a", "1"],
    ["", "1"],
    ["x-a", ""],
    ["", ""],
    ["x".repeat(130), "y".repeat(20_000)],
  ])("writes the reference encoder's bytes (case %#)", (name, value) => {
    const text = Buffer.from(`..${name}..${value}`);
    const field = {
      nameBytes: text,
      nameStart: 2,
      nameEnd: 2 + name.length,
      valueBytes: text,
      valueStart: 4 + name.length,
      valueEnd: text.length,
    };
    const size = sizeofMetadataEntry(name.length, value.length);
    const target = new Uint8Array(size + 3);
    expect(writeMetadataEntry(target, 3, 4, field)).toBe(size + 3);
    const end = create(EndSchema, { trailers: [{ name, value: new Uint8Array(Buffer.from(value)) }] });
    expect(target.subarray(3)).toEqual(toBinary(EndSchema, end));
  });
});
