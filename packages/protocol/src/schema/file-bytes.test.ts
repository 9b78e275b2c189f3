// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, type DescFile } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { findDifference, isSameFile } from "./file-bytes.js";
import { fileOf, imported, setOf } from "./test-set.suite.js";

const emptyOf = (...messages: readonly string[]) =>
  create(FileDescriptorProtoSchema, {
    name: "google/protobuf/empty.proto",
    package: "google.protobuf",
    syntax: "proto3",
    messageType: messages.map((name) => ({ name })),
  });
const empty = emptyOf();
const shared = fileOf({ service: "Shared", methods: ["Do"] });
const dependency = ["acme/v1/Shared.proto", empty.name];
const get = { service: "User", methods: ["Get"] };
const user = fileOf(get, { dependency });
const without = fileOf(get, { dependency, service: [] });

function read(...files: readonly FileDescriptorProto[]): DescFile {
  const file = createFileRegistry(setOf(...files)).getFile("acme/v1/User.proto");
  if (file === undefined) throw new Error("the set must have the user's file");
  return file;
}

describe("isSameFile()", () => {
  test("goes by what is declared, not by what compilers note beside", () => {
    const noted = imported(fileOf(get, { dependency, sourceCodeInfo: { location: [{ path: [6], span: [1, 2, 3] }] } }));
    expect(isSameFile(read(empty, shared, user), read(empty, shared, noted))).toBe(true);
    expect(isSameFile(read(empty, shared, user), read(empty, shared, without))).toBe(false);
  });
});

describe("findDifference()", () => {
  const before = read(empty, shared, user);

  test.each<[string, readonly FileDescriptorProto[], string | undefined]>([
    ["nothing", [empty, shared, user], undefined],
    ["a method", [empty, shared, without], "acme/v1/User.proto"],
    ["an import", [empty, fileOf({ service: "Shared", methods: ["Do", "Undo"] }), user], "acme/v1/Shared.proto"],
    ["protobuf's own", [emptyOf("Empty"), shared, user], undefined],
  ])("of %s", (_what, files, difference) => expect(findDifference(before, read(...files))).toBe(difference));

  test("of another file", () => {
    const other = createFileRegistry(setOf(shared)).getFile("acme/v1/Shared.proto");
    expect(other && findDifference(before, other)).toBe("acme/v1/User.proto");
  });
});
