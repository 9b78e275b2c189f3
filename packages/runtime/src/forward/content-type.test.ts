// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { asciiBytes } from "./ascii.js";
import { parseContentType } from "./content-type.js";
import { ContentType } from "./request-head.js";

describe("parseContentType()", () => {
  const cases: readonly [text: string, contentType: number, subtype: string][] = [
    ["application/grpc", ContentType.grpc, ""],
    ["application/grpc+proto", ContentType.grpcProto, ""],
    ["Application/GRPC+Proto", ContentType.grpcProto, ""],
    ["application/grpc;charset=utf-8", ContentType.grpc, ""],
    ["application/grpc+proto;a=b", ContentType.grpc, ""],
    ["application/grpc+json", ContentType.grpcSubtype, "json"],
    ["application/grpc+json; a=b", ContentType.grpcSubtype, "json"],
    ["application/grpc-web", ContentType.other, ""],
    ["application/grpc-web+proto", ContentType.other, ""],
    ["application/grpcx", ContentType.other, ""],
    ["application/grpc+", ContentType.other, ""],
    ["application/grpc+ä", ContentType.other, ""],
    ["application/json", ContentType.other, ""],
    ["", ContentType.other, ""],
    [`application/grpc+${"x".repeat(200)}`, ContentType.other, ""],
  ];
  for (const [text, contentType, subtype] of cases) {
    test(`reads ${JSON.stringify(text.slice(0, 40))}`, () => {
      const bytes = asciiBytes(`..${text}..`);
      expect(parseContentType(bytes, 2, bytes.length - 2)).toEqual({ contentType, subtype });
    });
  }
});
