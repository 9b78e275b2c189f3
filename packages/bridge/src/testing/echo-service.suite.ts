// SPDX-License-Identifier: Apache-2.0
// A service with a method of each kind, and its channel, made from descriptors alone: these tests need no generator.

import {
  create,
  createFileRegistry,
  type DescService,
  type FileRegistry,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  type BytesValueSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
  MethodOptions_IdempotencyLevel,
  type StringValueSchema,
} from "@bufbuild/protobuf/wkt";
import { file_grpcrouter_v1_channel } from "@grpc-router/protocol";
import { bridgeDesc, type GenBridge } from "@grpc-router/protocol/codegenv1";

/** `test.v1.EchoService`: text in all four kinds, and bytes in a method whose messages always travel as fragments. */
export type EchoService = GenService<{
  say: { methodKind: "unary"; input: typeof StringValueSchema; output: typeof StringValueSchema };
  list: { methodKind: "server_streaming"; input: typeof StringValueSchema; output: typeof StringValueSchema };
  join: { methodKind: "client_streaming"; input: typeof StringValueSchema; output: typeof StringValueSchema };
  chat: { methodKind: "bidi_streaming"; input: typeof StringValueSchema; output: typeof StringValueSchema };
  blob: { methodKind: "unary"; input: typeof BytesValueSchema; output: typeof BytesValueSchema };
}>;

/** Numbers of the methods on the channel. */
export const echoNumbers = { say: 20_001, list: 20_002, join: 20_003, chat: 8, blob: 20_005 };

const text = ".google.protobuf.StringValue";
const bytes = ".google.protobuf.BytesValue";

const echoFile: MessageInitShape<typeof FileDescriptorProtoSchema> = {
  name: "test/v1/echo.proto",
  package: "test.v1",
  dependency: ["google/protobuf/wrappers.proto"],
  syntax: "proto3",
  service: [
    {
      name: "EchoService",
      method: [
        {
          name: "Say",
          inputType: text,
          outputType: text,
          options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
        },
        {
          name: "List",
          inputType: text,
          outputType: text,
          serverStreaming: true,
          options: { idempotencyLevel: MethodOptions_IdempotencyLevel.IDEMPOTENT },
        },
        { name: "Join", inputType: text, outputType: text, clientStreaming: true },
        { name: "Chat", inputType: text, outputType: text, clientStreaming: true, serverStreaming: true },
        { name: "Blob", inputType: bytes, outputType: bytes },
      ],
    },
    { name: "OtherService", method: [{ name: "Ping", inputType: text, outputType: text }] },
    { name: "EmptyService" },
  ],
};

const registry = registryWith(echoNumbers);

/** Descriptors of the service; the type says what the descriptor above does. */
export const echoService = serviceOf("test.v1.EchoService") as EchoService;
export const otherService = serviceOf("test.v1.OtherService");
export const emptyService = serviceOf("test.v1.EmptyService");
export const echoChannel: DescService = serviceOf("grpcrouter.channel.test.v1.EchoServiceChannel");

/** What the generator would make of it. */
export const echoBridge = bridgeDesc(echoService, echoChannel, echoNumbers);
export const otherBridge = bridgeDesc(otherService, echoChannel, { ping: 20_009 });

/** What the generator would make of it if its methods had these numbers. */
export function echoBridgeWith(numbers: typeof echoNumbers): GenBridge<EchoService> {
  const channel = serviceOf("grpcrouter.channel.test.v1.EchoServiceChannel", registryWith(numbers));
  return bridgeDesc(echoService, channel, numbers);
}

function registryWith(numbers: typeof echoNumbers): FileRegistry {
  const files = [file_google_protobuf_wrappers.proto, file_grpcrouter_v1_channel.proto, echoFile];
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files, channelFileWith(numbers)] }));
}

function channelFileWith(numbers: typeof echoNumbers): MessageInitShape<typeof FileDescriptorProtoSchema> {
  const members = [
    member("fragment", 2, ".grpcrouter.v1.Fragment"),
    member("say", numbers.say, text),
    member("list", numbers.list, text),
    member("join", numbers.join, text),
    member("chat", numbers.chat, text),
  ];
  return {
    name: "grpcrouter/channel/test/v1/echo_service.proto",
    package: "grpcrouter.channel.test.v1",
    dependency: ["google/protobuf/wrappers.proto", "grpcrouter/v1/channel.proto"],
    syntax: "proto3",
    messageType: [frame("EchoServiceCall", "CallHead", members), frame("EchoServiceReply", "ReplyHead", members)],
    service: [
      {
        name: "EchoServiceChannel",
        method: [
          {
            name: "Register",
            inputType: ".grpcrouter.channel.test.v1.EchoServiceReply",
            outputType: ".grpcrouter.channel.test.v1.EchoServiceCall",
            clientStreaming: true,
            serverStreaming: true,
          },
        ],
      },
    ],
  };
}

function serviceOf(name: string, from: FileRegistry = registry): DescService {
  const service = from.getService(name);
  if (service === undefined) throw new Error(`Cannot find ${name}`);
  return service;
}

function member(name: string, number: number, typeName: string) {
  return {
    name,
    number,
    typeName,
    type: FieldDescriptorProto_Type.MESSAGE,
    label: FieldDescriptorProto_Label.OPTIONAL,
    oneofIndex: 0,
  } satisfies Partial<FieldDescriptorProto>;
}

function frame(name: string, head: string, payloads: readonly ReturnType<typeof member>[]) {
  const field = {
    name: "head",
    number: 1,
    typeName: `.grpcrouter.v1.${head}`,
    type: FieldDescriptorProto_Type.MESSAGE,
    label: FieldDescriptorProto_Label.OPTIONAL,
  };
  return { name, field: [field, ...payloads], oneofDecl: [{ name: "payload" }] };
}
