// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EchoRequestSchema } from "../gen/bench/v1/echo_pb.ts";
import { framedPayload } from "./messages.ts";

describe("framedPayload()", () => {
  test.each([1, 7, 127, 128, 1_024, 65_536, 1_048_576])("is a prefix and an EchoRequest of %d bytes", (bytes) => {
    const framed = Buffer.from(framedPayload(bytes));
    expect(framed.readUInt8(0)).toBe(0);
    expect(framed.readUInt32BE(1)).toBe(framed.length - 5);
    expect(fromBinary(EchoRequestSchema, framed.subarray(5)).payload).toHaveLength(bytes);
  });
});
