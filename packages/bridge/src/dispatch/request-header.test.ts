// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { CallStartSchema } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { readRequestHeader } from "./request-header.js";

function header(start: Parameters<typeof create<typeof CallStartSchema>>[1]): Record<string, string> {
  return Object.fromEntries(readRequestHeader(toBinary(CallStartSchema, create(CallStartSchema, start))));
}

const octets = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("readRequestHeader()", () => {
  test("shows the fields of a CallStart as gRPC names them", () => {
    const metadata = [{ name: "x-a", value: octets("1") }];
    const start = { subtype: "json", encoding: "gzip", timeoutUs: 1_500_000n, attempt: 2, metadata };
    expect(header(start)).toEqual({
      "content-type": "application/grpc+json",
      "grpc-encoding": "gzip",
      "grpc-previous-rpc-attempts": "2",
      "grpc-timeout": "1500000u",
      "x-a": "1",
    });
  });

  test.each(["\0", "a\nb", "a\rb"])("says gRPC of a subtype that no header may hold: %j", (subtype) => {
    expect(header({ subtype })).toEqual({ "content-type": "application/grpc" });
  });

  test("leaves out what Headers refuses", () => {
    const metadata = [
      { name: "x a", value: octets("1") },
      { name: "x-b", value: octets("\0") },
      { name: "x-c", value: octets("3") },
    ];
    const expected = { "content-type": "application/grpc", "x-c": "3" };
    expect(header({ encoding: "\n\0", acceptEncoding: "a\0", metadata })).toEqual(expected);
  });
});
