// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, describe, expect, it } from "vitest";
import { NodeError } from "../node-error.js";
import { readDescriptorServices } from "./read-descriptor-services.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-sets-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a set with a file for each service; answers its path. */
function write(name: string, services: Readonly<Record<string, readonly string[]>>, dependency: string[] = []): string {
  const file = Object.entries(services).map(([service, methods]) => ({
    name: `acme/${service}.proto`,
    package: "acme",
    syntax: "proto3",
    dependency,
    messageType: [{ name: `${service}Message` }],
    service: [
      {
        name: service,
        method: methods.map((method) => ({
          name: method,
          inputType: `.acme.${service}Message`,
          outputType: `.acme.${service}Message`,
        })),
      },
    ],
  }));
  return writeBytes(name, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file })));
}

function writeBytes(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

const users = write("users.binpb", { User: ["Get"], Group: ["Get", "List"] });
const sets = join(folder, "sets");
write("sets/b.pb", { User: ["Get"] });
write("sets/a.protoset", { Order: ["Get"] });
writeBytes("sets/README.md", "no set");

const namesOf = (sources: Parameters<typeof readDescriptorServices>[0]) =>
  readDescriptorServices(sources).map(({ service }) => service.typeName);

describe("readDescriptorServices()", () => {
  it.each<[string, Parameters<typeof readDescriptorServices>[0], readonly string[]]>([
    ["nothing", {}, []],
    ["a file", { files: [users] }, ["acme.User", "acme.Group"]],
    ["a folder's sets in order of their names", { folders: [sets] }, ["acme.Order", "acme.User"]],
    ["both, what they say alike once", { files: [users], folders: [sets] }, ["acme.User", "acme.Group", "acme.Order"]],
    ["one service", { files: [users], services: ["acme.User"] }, ["acme.User"]],
    ["nothing that fits no pattern", { files: [users], services: ["b.*"] }, []],
    ["those of a pattern", { files: [users], folders: [sets], services: ["acme.*r"] }, ["acme.User", "acme.Order"]],
  ])("reads %s", (_what, sources, names) => expect(namesOf(sources)).toEqual(names));

  it.each<[string, Parameters<typeof readDescriptorServices>[0], RegExp]>([
    [
      "a file that is not there",
      { files: [join(folder, "none")] },
      /^Cannot read descriptor set .*none: there is no such file\. Make one: /,
    ],
    ["a folder that is not there", { folders: [join(folder, "none")] }, /^Cannot read folder .*none: ENOENT/],
    [
      "an empty file",
      { files: [writeBytes("empty", "")] },
      /must be a descriptor set, received an empty file\. Make one/,
    ],
    [
      "a .proto file",
      { files: [writeBytes("a.proto", 'syntax = "proto3";')] },
      /received the source of a \.proto file/,
    ],
    ["JSON", { files: [writeBytes("a.json", '{"file":[]}')] }, /received JSON; the binary form is needed/],
    ["gzip", { files: [writeBytes("a.gz", Uint8Array.of(0x1f, 0x8b, 8))] }, /received gzip; unpack it first/],
    ["other bytes", { files: [writeBytes("x", Uint8Array.of(0xff, 1, 2))] }, /received other bytes/],
    [
      "a set without services",
      { files: [write("m.pb", { M: [] }, ["n.proto"])] },
      /m\.pb: acme\/M\.proto: it imports n\.proto, which the set must contain\. Build it with its imports/,
    ],
    [
      "two versions",
      { files: [users, write("new.pb", { User: ["Get", "Set"] })] },
      /^Cannot use .*users\.binpb and .*new\.pb together: both describe acme\.User, and differ in acme\/User\.proto/,
    ],
  ])("refuses %s", (_what, sources, message) => {
    const refused = expect.objectContaining({ message: expect.stringMatching(message) });
    expect(() => readDescriptorServices(sources)).toThrow(refused);
  });

  it("tells everything that is wrong at once", () => {
    const read = () => readDescriptorServices({ files: ["none-1", "none-2"], folders: ["none-3"] });
    expect(read).toThrow(NodeError);
    expect(read).toThrow(/none-1.*\n.*none-2.*\n|none-3.*\n.*none-1/);
  });
});
