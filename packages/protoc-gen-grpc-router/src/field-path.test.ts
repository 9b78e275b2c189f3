// SPDX-License-Identifier: Apache-2.0

import type { DescMessage } from "@bufbuild/protobuf";
import { resolveFieldPath } from "@grpc-router/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { compileRegistry } from "./run-plugin.suite.js";

const source = `syntax = "proto3";
package acme.v1;
import "google/protobuf/wrappers.proto";
message Request {
  string user_id = 1;
  Selector selector = 2;
  repeated string tags = 3;
  map<string, Selector> labels = 4;
  double score = 5;
  float weight = 6;
  bytes key = 7;
  Color color = 8;
  bool flag = 2000;
  oneof choice { sint64 number = 10; }
  google.protobuf.StringValue wrapped = 11;
  repeated Selector all = 12;
  Empty empty = 13;
}
message Selector { string shard = 3; Request again = 4; }
message Empty {}
enum Color { COLOR_UNSPECIFIED = 0; }
`;

let request: DescMessage;

beforeAll(() => {
  const found = compileRegistry({ "acme/v1/request.proto": source }).getMessage("acme.v1.Request");
  if (found === undefined) throw new Error("acme.v1.Request is missing");
  request = found;
});

describe("resolveFieldPath()", () => {
  test.each([
    ["user_id", [1]],
    ["selector.shard", [2, 3]],
    ["selector.again.selector.shard", [2, 4, 2, 3]],
    ["key", [7]],
    ["color", [8]],
    ["flag", [2000]],
    ["number", [10]],
    ["wrapped.value", [11, 1]],
  ])("resolves %s", (path, fields) => {
    expect(resolveFieldPath(request, path)).toEqual({ value: { path, fields } });
  });

  const known = "it has user_id, selector, tags, labels, score, weight, key, color, flag, number, wrapped, all, empty";

  test.each([
    ["user", `message acme.v1.Request has no field "user" (${known})`],
    ["userId", `message acme.v1.Request has no field "userId" (${known})`],
    ["", `message acme.v1.Request has no field "" (${known})`],
    ["selector.", 'message acme.v1.Selector has no field "" (it has shard, again)'],
    ["empty.x", 'message acme.v1.Empty has no field "x" (it has none)'],
    ["tags", 'field "tags" is repeated; a key must be one value'],
    ["labels", 'field "labels" is a map; a key must be one value'],
    ["labels.shard", 'field "labels" is a map; it has no single field "shard"'],
    ["all.shard", 'field "all" is repeated; it has no single field "shard"'],
    ["user_id.x", 'field "user_id" is not a message; it has no single field "x"'],
    ["selector", 'field "selector" is the message acme.v1.Selector; a key must be one value, such as selector.shard'],
    ["empty", 'field "empty" is the message acme.v1.Empty; a key must be one value'],
    ["score", 'field "score" is a floating point number; a key must be a string, bytes, integer, bool or enum'],
    ["weight", 'field "weight" is a floating point number; a key must be a string, bytes, integer, bool or enum'],
  ])("refuses %s", (path, error) => {
    expect(resolveFieldPath(request, path)).toEqual({ error });
  });
});
