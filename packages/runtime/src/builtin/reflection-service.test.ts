// SPDX-License-Identifier: Apache-2.0
import type { DescFile, MessageInitShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { StatusCode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { Health } from "../gen/grpc/health/v1/health_pb.js";
import {
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.js";
import { createBuiltinServices } from "./builtin-services.js";
import { createDescriptorBook } from "./descriptor-book.js";
import { createHealthBook } from "./health-book.js";
import type { LocalService } from "./local-service.js";
import { startRecordedCall } from "./recorded-call.suite.js";

type Question = MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"];

const names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

describe.each(names)("%s", (name) => {
  function open() {
    const descriptors = createDescriptorBook();
    const services = createBuiltinServices({ health: createHealthBook(), descriptors });
    const service = services.find(({ desc }) => desc.typeName === name) as LocalService;
    const call = startRecordedCall(service, "ServerReflectionInfo");
    const ask = (messageRequest: NonNullable<Question>, host = "") => {
      const request = create(ServerReflectionRequestSchema, { host, messageRequest });
      call.handler.onMessage(toBinary(ServerReflectionRequestSchema, request));
      return call.decoded(ServerReflectionResponseSchema).at(-1)?.messageResponse;
    };
    const files = (messageRequest: NonNullable<Question>) => {
      const answer = ask(messageRequest);
      if (answer?.case !== "fileDescriptorResponse") return answer;
      return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
    };
    return { descriptors, call, ask, files };
  }

  it("lists all services, its own included", () => {
    const answer = open().ask({ case: "listServices", value: "" });
    expect(answer?.case === "listServicesResponse" && answer.value.service.map((service) => service.name)).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
  });

  it("gives a file by name and by symbol, with or without a leading dot", () => {
    const file = ["grpc/health/v1/health.proto"];
    expect(open().files({ case: "fileByFilename", value: "grpc/health/v1/health.proto" })).toEqual(file);
    expect(open().files({ case: "fileContainingSymbol", value: "grpc.health.v1.Health.Check" })).toEqual(file);
    expect(open().files({ case: "fileContainingSymbol", value: ".grpc.health.v1.Health" })).toEqual(file);
  });

  it("gives imports behind their file, once per stream; the file asked for every time", () => {
    const { descriptors, files } = open();
    const imported = { ...Health.file, dependencies: [] } as DescFile;
    const chain = ["acme/a.proto", "acme/b.proto", "acme/c.proto"].map((fileName, index, all) => ({
      ...imported,
      proto: create(FileDescriptorProtoSchema, {
        name: fileName,
        // c imports nothing; a imports b and c; b imports c and something that is not there.
        dependency:
          index === 0 ? [all[1] as string, all[2] as string] : index === 1 ? [all[2] as string, "gone.proto"] : [],
      }),
    }));
    const [a, b, c] = chain as [DescFile, DescFile, DescFile];
    const withImports = { ...a, dependencies: [{ ...b, dependencies: [c] } as DescFile, c] } as DescFile;
    descriptors.add({ ...Health, file: withImports });
    expect(files({ case: "fileByFilename", value: "acme/b.proto" })).toEqual(["acme/b.proto", "acme/c.proto"]);
    expect(files({ case: "fileByFilename", value: "acme/a.proto" })).toEqual(["acme/a.proto"]);
    expect(files({ case: "fileByFilename", value: "acme/b.proto" })).toEqual(["acme/b.proto"]);
  });

  it.each([
    ["file nothing.proto", { case: "fileByFilename", value: "nothing.proto" }],
    ["symbol acme.Nothing", { case: "fileContainingSymbol", value: "acme.Nothing" }],
    [
      "extension 5 of acme.Nothing",
      { case: "fileContainingExtension", value: { containingType: "acme.Nothing", extensionNumber: 5 } },
    ],
    ["message acme.Nothing", { case: "allExtensionNumbersOfType", value: "acme.Nothing" }],
  ] as [string, NonNullable<Question>][])("says that %s is not known and goes on", (subject, question) => {
    const { call, ask, files } = open();
    const answer = ask(question);
    expect(answer?.case === "errorResponse" && answer.value).toMatchObject({
      errorCode: StatusCode.notFound,
      errorMessage: `${subject} is not known here`,
    });
    expect(files({ case: "fileByFilename", value: "grpc/health/v1/health.proto" })).toHaveLength(1);
    expect(call.status).toBeUndefined();
  });

  it("gives the extension numbers of a message", () => {
    const answer = open().ask({ case: "allExtensionNumbersOfType", value: ".grpc.health.v1.HealthCheckRequest" });
    expect(answer?.case === "allExtensionNumbersResponse" && answer.value).toMatchObject({
      baseTypeName: ".grpc.health.v1.HealthCheckRequest",
      extensionNumber: [],
    });
  });

  it("says so when nothing is asked, and repeats host and request", () => {
    const { call, ask } = open();
    const answer = ask({ case: undefined }, "router.example");
    expect(answer?.case === "errorResponse" && answer.value.errorCode).toBe(StatusCode.invalidArgument);
    const [response] = call.decoded(ServerReflectionResponseSchema);
    expect([response?.validHost, response?.originalRequest?.host]).toEqual(["router.example", "router.example"]);
  });

  it("ends with OK at the half close, with INTERNAL on bytes that are no request, and may be cancelled", () => {
    const done = open().call;
    done.handler.onTaken();
    done.handler.onHalfClose();
    expect(done.status).toEqual([StatusCode.ok, ""]);
    const broken = open().call;
    broken.handler.onMessage(Uint8Array.of(0xff));
    expect(broken.status?.[0]).toBe(StatusCode.internal);
    open().call.handler.onCancel();
  });
});

it("a file that declares an extension is found by it", () => {
  const descriptors = createDescriptorBook();
  const [, reflection] = createBuiltinServices({ health: createHealthBook(), descriptors });
  const call = startRecordedCall(reflection as LocalService, "ServerReflectionInfo");
  const found = { name: "acme/extension.proto", imports: [], bytes: Uint8Array.of(1) };
  descriptors.fileOfExtension = (typeName, number) => (typeName === "acme.Money" && number === 100 ? found : undefined);
  const request = create(ServerReflectionRequestSchema, {
    messageRequest: { case: "fileContainingExtension", value: { containingType: ".acme.Money", extensionNumber: 100 } },
  });
  call.handler.onMessage(toBinary(ServerReflectionRequestSchema, request));
  const answer = call.decoded(ServerReflectionResponseSchema)[0]?.messageResponse;
  expect(answer?.case === "fileDescriptorResponse" && answer.value.fileDescriptorProto).toEqual([Uint8Array.of(1)]);
});
