// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { file_grpcrouter_v1_channel } from "@grpc-router/protocol";
import { bridgeDesc, type GenBridge, type GenRouter, routerDesc } from "@grpc-router/protocol/codegenv1";
import { file_bench_v1_echo } from "../gen/bench/v1/echo_pb.ts";

/** Methods of the service that has many. */
export const manyMethods = 1_000;

/** Path of each of them, as a format for its number. */
export const manyPath = "/bench.v1.ManyService/Echo%d";

/** Number of the first one's member; three octets of tag, as generated numbers have. */
const firstNumber = 100_000;

const file = create(FileDescriptorProtoSchema, {
  name: "bench/v1/many.proto",
  package: "bench.v1",
  syntax: "proto3",
  dependency: ["bench/v1/echo.proto", "grpcrouter/v1/channel.proto"],
  messageType: [
    frame("ManyServiceCall", ".grpcrouter.v1.CallHead", ".bench.v1.EchoRequest"),
    frame("ManyServiceReply", ".grpcrouter.v1.ReplyHead", ".bench.v1.EchoResponse"),
  ],
  service: [
    {
      name: "ManyService",
      method: indexes().map((index) => ({
        name: `Echo${index}`,
        inputType: ".bench.v1.EchoRequest",
        outputType: ".bench.v1.EchoResponse",
      })),
    },
    {
      name: "ManyServiceChannel",
      method: [
        {
          name: "Register",
          inputType: ".bench.v1.ManyServiceReply",
          outputType: ".bench.v1.ManyServiceCall",
          clientStreaming: true,
          serverStreaming: true,
        },
      ],
    },
  ],
});
const registry = createFileRegistry(file, (name) =>
  name === "bench/v1/echo.proto" ? file_bench_v1_echo : file_grpcrouter_v1_channel,
);
const service = serviceOf("ManyService");
const channel = serviceOf("ManyServiceChannel");
const numbers = service.methods.map((method, index) => [method.localName, firstNumber + index] as const);

/** What generated modules of a service with a thousand unary methods would export; nothing else differs between them. */
export const manyServiceRouter: GenRouter<DescService> = routerDesc(
  service,
  channel,
  Object.fromEntries(numbers.map(([name, number]) => [name, { number }])),
);
export const manyServiceBridge: GenBridge<DescService> = bridgeDesc(service, channel, Object.fromEntries(numbers));

function indexes(): number[] {
  return Array.from({ length: manyMethods }, (_, index) => index);
}

function frame(name: string, head: string, payload: string): DescriptorProto {
  const field = (fieldName: string, number: number, typeName: string) =>
    create(FieldDescriptorProtoSchema, {
      name: fieldName,
      number,
      typeName,
      type: FieldDescriptorProto_Type.MESSAGE,
      label: FieldDescriptorProto_Label.OPTIONAL,
      ...(number === 1 ? {} : { oneofIndex: 0 }),
    });
  return create(DescriptorProtoSchema, {
    name,
    oneofDecl: [{ name: "payload" }],
    field: [
      field("head", 1, head),
      field("fragment", 2, ".grpcrouter.v1.Fragment"),
      ...indexes().map((index) => field(`echo${index}`, firstNumber + index, payload)),
    ],
  });
}

function serviceOf(name: string): DescService {
  const found = registry.getService(`bench.v1.${name}`);
  if (found === undefined) throw new Error(`Cannot make ${name}: the registry must have it, received none`);
  return found;
}
