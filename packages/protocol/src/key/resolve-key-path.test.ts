// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { everything, keyKinds, kindNumber, stepNumber } from "./key-schema.suite.js";
import { resolveKeyPath } from "./resolve-key-path.js";

const request = createRequest();

describe("resolveKeyPath()", () => {
  test.each<[string, readonly number[], string]>([
    ["user_id", [1], "string"],
    ["selector.shard", [2, 3], "sint64"],
    ["selector.again.selector.shard", [2, 4, 2, 3], "sint64"],
    ["color", [8], "enum"],
    ["nickname", [9], "string"],
    ["wrapped", [11, 1], "string"],
    ["wrapped.value", [11, 1], "string"],
  ])("resolves %s", (path, fields, kind) => {
    expect(resolveKeyPath(request, path)).toStrictEqual({ value: { path, fields, kind } });
  });

  test.each(keyKinds)("names the kind %s", (kind) => {
    const value = { path: kind, fields: [kindNumber(kind)], kind };
    expect(resolveKeyPath(everything, kind)).toStrictEqual({ value });
  });

  test("notes the tags of a oneof's other members, at the step that is one of them", () => {
    expect(resolveKeyPath(request, "number")).toStrictEqual({
      value: { path: "number", fields: [10], kind: "fixed32", rivals: [[16 * 8 + 2, 17 * 8 + 0, 18 * 8 + 1]] },
    });
    expect(resolveKeyPath(request, "choice.shard")).toStrictEqual({
      value: { path: "choice.shard", fields: [16, 3], kind: "sint64", rivals: [[10 * 8 + 5, 17 * 8, 18 * 8 + 1], []] },
    });
    const resolved = resolveKeyPath(everything, "choice_string");
    const rivals = "value" in resolved ? resolved.value.rivals?.[0] : undefined;
    expect(rivals).toContain(stepNumber.choice_group * 8 + 3);
    expect(rivals).toContain(stepNumber.choice_inner * 8 + 2);
  });

  test("notes which steps are groups", () => {
    expect(resolveKeyPath(everything, "inner.group.string")).toStrictEqual({
      value: {
        path: "inner.group.string",
        fields: [stepNumber.inner, stepNumber.group, kindNumber("string")],
        kind: "string",
        groups: [1],
      },
    });
  });

  const known =
    "it has user_id, selector, tags, labels, color, nickname, wrapped, all, empty, number, choice, flag, score";

  test.each([
    ["user", `message acme.v1.Request has no field "user" (${known})`],
    ["userId", `message acme.v1.Request has no field "userId" (${known})`],
    ["", `message acme.v1.Request has no field "" (${known})`],
    ["selector.", 'message acme.v1.Selector has no field "" (it has shard, again)'],
    ["empty.x", 'message acme.v1.Empty has no field "x" (it has none)'],
    ["tags", 'field "tags" is repeated; a key must be one value'],
    ["all", 'field "all" is repeated; a key must be one value'],
    ["labels", 'field "labels" is a map; a key must be one value'],
    ["labels.shard", 'field "labels" is a map; it has no single field "shard"'],
    ["all.shard", 'field "all" is repeated; it has no single field "shard"'],
    ["user_id.x", 'field "user_id" is not a message; it has no single field "x"'],
    ["wrapped.value.x", 'field "value" is not a message; it has no single field "x"'],
    ["selector", 'field "selector" is the message acme.v1.Selector; a key must be one value, such as selector.shard'],
    ["empty", 'field "empty" is the message acme.v1.Empty; a key must be one value'],
  ])("refuses %s", (path, error) => {
    expect(resolveKeyPath(request, path)).toEqual({ error });
  });
});

function createRequest(): DescMessage {
  const field = (name: string, number: number, type: Type, typeName = "") => ({ name, number, type, typeName });
  const selector = ".acme.v1.Selector";
  const file = create(FileDescriptorProtoSchema, {
    name: "acme/v1/request.proto",
    package: "acme.v1",
    syntax: "proto3",
    dependency: ["google/protobuf/wrappers.proto"],
    messageType: [
      {
        name: "Request",
        field: [
          field("user_id", 1, Type.STRING),
          field("selector", 2, Type.MESSAGE, selector),
          { ...field("tags", 3, Type.STRING), label: Label.REPEATED },
          { ...field("labels", 4, Type.MESSAGE, ".acme.v1.Request.LabelsEntry"), label: Label.REPEATED },
          field("color", 8, Type.ENUM, ".acme.v1.Color"),
          { ...field("nickname", 9, Type.STRING), oneofIndex: 1, proto3Optional: true },
          field("wrapped", 11, Type.MESSAGE, ".google.protobuf.StringValue"),
          { ...field("all", 12, Type.MESSAGE, selector), label: Label.REPEATED },
          field("empty", 13, Type.MESSAGE, ".acme.v1.Empty"),
          { ...field("number", 10, Type.FIXED32), oneofIndex: 0 },
          { ...field("choice", 16, Type.MESSAGE, selector), oneofIndex: 0 },
          { ...field("flag", 17, Type.BOOL), oneofIndex: 0 },
          { ...field("score", 18, Type.DOUBLE), oneofIndex: 0 },
        ],
        oneofDecl: [{ name: "one" }, { name: "_nickname" }],
        nestedType: [
          {
            name: "LabelsEntry",
            field: [field("key", 1, Type.STRING), field("value", 2, Type.MESSAGE, selector)],
            options: { mapEntry: true },
          },
        ],
      },
      {
        name: "Selector",
        field: [field("shard", 3, Type.SINT64), field("again", 4, Type.MESSAGE, ".acme.v1.Request")],
      },
      { name: "Empty" },
    ],
    enumType: [{ name: "Color", value: [{ name: "COLOR_UNSPECIFIED", number: 0 }] }],
  });
  const found = createFileRegistry(file, () => file_google_protobuf_wrappers).getMessage("acme.v1.Request");
  if (found === undefined) throw new Error("acme.v1.Request is missing");
  return found;
}
