// SPDX-License-Identifier: Apache-2.0
import type { DescService, MessageInitShape } from "@bufbuild/protobuf";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { Health } from "../gen/grpc/health/v1/health_pb.js";
import { isRouterError } from "../router-error.js";
import { createDescriptorBook } from "./descriptor-book.js";

type FileInit = MessageInitShape<typeof FileDescriptorProtoSchema>;

const common: FileInit = {
  name: "acme/common.proto",
  package: "acme",
  messageType: [
    {
      name: "Money",
      field: [{ name: "units", number: 1, type: Type.INT64, label: Label.OPTIONAL }],
      extensionRange: [{ start: 100, end: 200 }],
    },
  ],
};

const users: FileInit = {
  name: "acme/user.proto",
  package: "acme",
  dependency: ["acme/common.proto"],
  messageType: [
    {
      name: "User",
      field: [
        { name: "id", number: 1, type: Type.STRING, label: Label.OPTIONAL, oneofIndex: 0 },
        { name: "owed", number: 2, type: Type.MESSAGE, typeName: ".acme.Money", label: Label.OPTIONAL },
      ],
      oneofDecl: [{ name: "key" }],
      enumType: [{ name: "Kind", value: [{ name: "KIND_NONE", number: 0 }] }],
      nestedType: [{ name: "Address" }],
      extension: [{ name: "note", number: 101, type: Type.STRING, label: Label.OPTIONAL, extendee: ".acme.Money" }],
    },
  ],
  enumType: [{ name: "Color", value: [{ name: "COLOR_RED", number: 0 }] }],
  extension: [{ name: "rate", number: 100, type: Type.INT32, label: Label.OPTIONAL, extendee: ".acme.Money" }],
  service: [{ name: "Users", method: [{ name: "GetUser", inputType: ".acme.User", outputType: ".acme.User" }] }],
};

/** The service `name` of these files. */
function serviceOf(name: string, ...files: FileInit[]): DescService {
  const set = create(FileDescriptorSetSchema, { file: files.map((file) => create(FileDescriptorProtoSchema, file)) });
  const service = createFileRegistry(set).getService(name);
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

describe("createDescriptorBook()", () => {
  it("add() brings the service, its file and what that imports", () => {
    const book = createDescriptorBook();
    book.add(serviceOf("acme.Users", common, users));
    expect(book.services).toEqual(["acme.Users"]);
    expect(book.file("acme/user.proto")?.imports).toEqual(["acme/common.proto"]);
    const bytes = book.file("acme/common.proto")?.bytes ?? new Uint8Array();
    expect(fromBinary(FileDescriptorProtoSchema, bytes).messageType[0]?.name).toBe("Money");
    expect(book.file("acme/none.proto")).toBeUndefined();
  });

  it.each([
    ["acme.Users", "acme/user.proto"],
    ["acme.Users.GetUser", "acme/user.proto"],
    ["acme.User", "acme/user.proto"],
    ["acme.User.id", "acme/user.proto"],
    ["acme.User.key", "acme/user.proto"],
    ["acme.User.Kind", "acme/user.proto"],
    ["acme.User.KIND_NONE", "acme/user.proto"],
    ["acme.User.Address", "acme/user.proto"],
    ["acme.User.note", "acme/user.proto"],
    ["acme.Color", "acme/user.proto"],
    ["acme.COLOR_RED", "acme/user.proto"],
    ["acme.rate", "acme/user.proto"],
    ["acme.Money", "acme/common.proto"],
    ["acme.Money.units", "acme/common.proto"],
    ["acme.Color.COLOR_RED", undefined],
    ["acme", undefined],
    ["", undefined],
  ])("fileOfSymbol(%j) is %s", (symbol, name) => {
    const book = createDescriptorBook();
    book.add(serviceOf("acme.Users", common, users));
    expect(book.fileOfSymbol(symbol)?.name).toBe(name);
  });

  it("extensions are found by message and number", () => {
    const book = createDescriptorBook();
    book.add(serviceOf("acme.Users", common, users));
    expect(book.extensionNumbers("acme.Money")).toEqual([100, 101]);
    expect(book.extensionNumbers("acme.User")).toEqual([]);
    expect(book.extensionNumbers("acme.Nothing")).toBeUndefined();
    expect(book.fileOfExtension("acme.Money", 101)?.name).toBe("acme/user.proto");
    expect(book.fileOfExtension("acme.Money", 102)).toBeUndefined();
    expect(book.fileOfExtension("acme.User", 1)).toBeUndefined();
  });

  it("add() again, or with equal files, changes nothing; what comes later is found, too", () => {
    const book = createDescriptorBook();
    book.add(serviceOf("acme.Users", common, users));
    expect(book.fileOfSymbol("acme.Orders")).toBeUndefined();
    book.add(serviceOf("acme.Users", common, { ...users, sourceCodeInfo: { location: [{ path: [4] }] } }));
    const orders: FileInit = { name: "acme/order.proto", package: "acme", service: [{ name: "Orders" }] };
    book.add(serviceOf("acme.Orders", common, { ...orders, dependency: ["acme/common.proto"] }));
    expect(book.services).toEqual(["acme.Orders", "acme.Users"]);
    expect(book.fileOfSymbol("acme.Orders")?.name).toBe("acme/order.proto");
  });

  it("replace() has other services, keeps the router's own, and changes nothing for what contradicts itself", () => {
    const book = createDescriptorBook();
    book.add(serviceOf("acme.Users", common, users));
    book.addOwn(Health);
    const orders: FileInit = { name: "acme/order.proto", package: "acme", service: [{ name: "Orders" }] };
    book.replace([serviceOf("acme.Orders", orders)]);
    expect(book.services).toEqual(["acme.Orders", "grpc.health.v1.Health"]);
    expect([book.file("acme/user.proto"), book.fileOfSymbol("acme.Users")]).toEqual([undefined, undefined]);
    const other: FileInit = { ...common, messageType: [{ name: "Euro" }] };
    const stays = { ...orders, dependency: ["acme/common.proto"] };
    expect(() =>
      book.replace([serviceOf("acme.Users", common, users), serviceOf("acme.Orders", other, stays)]),
    ).toThrow(/Cannot route acme\.Orders: file acme\/common\.proto must be the same in all services/);
    expect(book.services).toEqual(["acme.Orders", "grpc.health.v1.Health"]);
  });

  it("takes any version of protobuf's own files, which compilers bring in their own", () => {
    const book = createDescriptorBook();
    const any = (message: string): FileInit => ({
      name: "google/protobuf/any.proto",
      package: "google.protobuf",
      messageType: [{ name: message }],
    });
    const one: FileInit = { name: "a.proto", service: [{ name: "A" }], dependency: ["google/protobuf/any.proto"] };
    book.add(serviceOf("A", any("Any"), one));
    book.add(serviceOf("B", any("Other"), { ...one, name: "b.proto", service: [{ name: "B" }] }));
    expect(book.services).toEqual(["A", "B"]);
  });

  it("source info is left out", () => {
    const book = createDescriptorBook();
    const info = { location: [{ path: [4], leadingComments: "long" }] };
    book.add(serviceOf("acme.Users", common, { ...users, sourceCodeInfo: info }));
    const file = fromBinary(FileDescriptorProtoSchema, book.file("acme/user.proto")?.bytes ?? new Uint8Array());
    expect(file.sourceCodeInfo).toBeUndefined();
    expect(file.service[0]?.name).toBe("Users");
  });

  it("add() refuses a file of one name with other contents and adds nothing", () => {
    const book = createDescriptorBook();
    book.add(serviceOf("acme.Users", common, users));
    const other = { ...common, messageType: [{ name: "Coins" }] };
    const orders: FileInit = { name: "acme/order.proto", package: "acme", dependency: ["acme/common.proto"] };
    const service = serviceOf("acme.Orders", other, { ...orders, service: [{ name: "Orders" }] });
    const add = () => book.add(service);
    expect(add).toThrow(
      "Cannot route acme.Orders: file acme/common.proto must be the same in all services, received other contents than with acme.Users",
    );
    expect(() => {
      try {
        add();
      } catch (error) {
        expect(isRouterError(error) && error.code).toBe("DESCRIPTOR_CONFLICT");
        throw error;
      }
    }).toThrow();
    expect(book.services).toEqual(["acme.Users"]);
    expect(book.file("acme/order.proto")).toBeUndefined();
  });

  it("a name declared in two files is the first one's", () => {
    const book = createDescriptorBook();
    const copy: FileInit = {
      ...common,
      name: "vendor/common.proto",
      extension: [{ name: "more", number: 101, type: Type.INT32, label: Label.OPTIONAL, extendee: ".acme.Money" }],
    };
    const orders: FileInit = { name: "acme/order.proto", package: "acme", dependency: ["vendor/common.proto"] };
    book.add(serviceOf("acme.Users", common, users));
    book.add(serviceOf("acme.Orders", copy, { ...orders, service: [{ name: "Orders" }] }));
    expect(book.fileOfSymbol("acme.Money")?.name).toBe("acme/common.proto");
    expect(book.fileOfExtension("acme.Money", 101)?.name).toBe("acme/user.proto");
  });

  it("addOwn() gives way to a routed service's file, before and after", () => {
    const theirs: FileInit = {
      name: "grpc/health/v1/health.proto",
      package: "grpc.health.v1",
      messageType: [{ name: "HealthCheckRequest" }],
      service: [{ name: "Theirs" }],
    };
    for (const order of ["before", "after"]) {
      const book = createDescriptorBook();
      if (order === "before") book.addOwn(Health);
      book.add(serviceOf("grpc.health.v1.Theirs", theirs));
      if (order === "after") book.addOwn(Health);
      expect(book.services).toEqual(["grpc.health.v1.Health", "grpc.health.v1.Theirs"]);
      expect(book.fileOfSymbol("grpc.health.v1.Theirs")?.name).toBe("grpc/health/v1/health.proto");
    }
  });
});
