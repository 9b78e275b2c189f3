// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptionsSchema, ServiceOptionsSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { method as methodOption, service as serviceOption } from "../gen/grpcrouter/v1/options_pb.js";
import { readDescriptorSet } from "./read-descriptor-set.js";
import { fileOf, imported, setOf } from "./test-set.suite.js";

const users = fileOf({ service: "UserService", methods: ["GetUser", "WatchUsers"] });

describe("readDescriptorSet()", () => {
  test("gives each service the numbers that the generator gives it, and its channel's name", () => {
    const { routers, mistakes } = readDescriptorSet(setOf(users));
    expect(mistakes).toEqual([]);
    expect(routers.map(({ service, channel, methods }) => [service.typeName, channel.typeName, methods])).toEqual([
      [
        "acme.v1.UserService",
        "grpcrouter.channel.acme.v1.UserServiceChannel",
        { getUser: { number: 173444 }, watchUsers: { number: 89608 } },
      ],
    ]);
  });

  test("takes pins", () => {
    const pins = new Map([["acme.v1.UserService.GetUser", 9]]);
    expect(readDescriptorSet(setOf(users), { pins }).routers[0]?.methods).toMatchObject({ getUser: { number: 9 } });
  });

  test("leaves out what buf marks as imported, unless it is asked for by name", () => {
    const set = setOf(users, imported(fileOf({ service: "Operations", methods: ["Get"] })));
    const namesOf = (options = {}) => readDescriptorSet(set, options).routers.map(({ service }) => service.name);
    expect(namesOf()).toEqual(["UserService"]);
    expect(readDescriptorSet(set).services).toEqual(["acme.v1.UserService", "acme.v1.Operations"]);
    expect(namesOf({ isWanted: () => true })).toEqual(["UserService", "Operations"]);
    expect(namesOf({ isWanted: (name: string) => name.endsWith("Operations") })).toEqual(["Operations"]);
  });

  test("names every import that is missing, and nothing else", () => {
    const other = fileOf({ service: "B", methods: [] }, { dependency: ["none.proto", "acme/v1/UserService.proto"] });
    expect(readDescriptorSet(setOf(users, other)).mistakes).toEqual([
      "acme/v1/B.proto: it imports none.proto, which the set must contain",
    ]);
  });

  test("tells what is wrong with options at their place in the source", () => {
    // Two names with one hash.
    const taking = { service: "S", methods: ["MoveSecret", "ImportSecret"] };
    const location = [{ path: [6, 0, 2, 1], span: [11, 2, 30] }];
    const set = setOf(fileOf(taking, { sourceCodeInfo: { location } }));
    const taken =
      "Cannot number acme.v1.S/ImportSecret: 86136 is taken by MoveSecret (acme/v1/S.proto). Write: option (grpcrouter.v1.method).channel_number = 8; or the parameter pin=acme.v1.S.ImportSecret:8";
    expect(readDescriptorSet(set)).toMatchObject({ routers: [], mistakes: [`acme/v1/S.proto:12:3: ${taken}`] });
    expect(readDescriptorSet(setOf(fileOf(taking))).mistakes).toEqual([`acme/v1/S.proto: ${taken}`]);
  });

  test("names options that cannot be read, and takes a mark that cannot as none", () => {
    const broken = (no: number) => ({ $unknown: [{ no, wireType: 2, data: Uint8Array.of(1, 0x80) }] });
    const file = { ...fileOf({ service: "S", methods: ["Do", "Make"] }), ...broken(8042) };
    expect(readDescriptorSet(setOf(file)).routers.map(({ service }) => service.name)).toEqual(["S"]);
    for (const service of file.service) {
      service.options = { ...create(ServiceOptionsSchema), ...broken(serviceOption.number) };
      for (const method of service.method.slice(1)) {
        method.options = { ...create(MethodOptionsSchema), ...broken(methodOption.number) };
      }
    }
    expect(readDescriptorSet(setOf(file)).mistakes).toEqual([
      "acme/v1/S.proto: Cannot read (grpcrouter.v1.service) of acme.v1.S: premature EOF",
      "acme/v1/S.proto: Cannot read (grpcrouter.v1.method) of acme.v1.S/Make: premature EOF",
    ]);
  });

  test("says what a registry says of files that contradict themselves", () => {
    const service = [{ name: "S", method: [{ name: "Do", inputType: ".x.Y", outputType: ".x.Y" }] }];
    const broken = fileOf({ service: "S", methods: [] }, { service });
    expect(readDescriptorSet(setOf(broken)).mistakes).toEqual([expect.stringContaining(".x.Y")]);
  });

  test("has nothing to say of an empty set", () => {
    expect(readDescriptorSet(create(FileDescriptorSetSchema))).toEqual({ routers: [], services: [], mistakes: [] });
  });
});
