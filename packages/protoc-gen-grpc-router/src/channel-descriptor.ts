// SPDX-License-Identifier: Apache-2.0
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type ServiceDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { CallHeadSchema, FragmentSchema, file_grpcrouter_v1_channel, ReplyHeadSchema } from "@grpc-router/protocol";
import { createChannelComments } from "./channel-comments.js";
import type { MethodModel, ServiceModel } from "./service-model.js";

const headNumber = 1;
const fragmentNumber = 2;
/** Numbers that the frame keeps for itself; the end is exclusive, as in a descriptor. */
const kept = { start: 3, end: 8 } as const;

/** One of the two frames of a channel. */
interface Frame {
  readonly name: string;
  readonly head: DescMessage;
  readonly oneof: string;
  readonly message: (method: MethodModel) => DescMessage;
}

/**
 * Builds the descriptor of a service's channel: what a compiler makes of the text that `printChannelProto` writes,
 * field for field, with `json_name`. Its source info holds the comments and no positions.
 */
export function createChannelDescriptor(model: ServiceModel, elideVersion: boolean): FileDescriptorProto {
  const { channel } = model;
  const frames = framesOf(model);
  const methods = model.methods.filter(({ typed }) => typed);
  return create(FileDescriptorProtoSchema, {
    name: channel.file,
    package: channel.package,
    syntax: "proto3",
    dependency: dependenciesOf(methods),
    messageType: frames.map((frame) => createFrame(frame, methods)),
    service: [createChannelService(model)],
    sourceCodeInfo: { location: createChannelComments(model, elideVersion) },
  });
}

function framesOf({ channel }: ServiceModel): Frame[] {
  return [
    { name: channel.call, head: CallHeadSchema, oneof: "request", message: ({ desc }) => desc.input },
    { name: channel.reply, head: ReplyHeadSchema, oneof: "response", message: ({ desc }) => desc.output },
  ];
}

function dependenciesOf(methods: readonly MethodModel[]): string[] {
  const files = methods.flatMap(({ desc }) => [desc.input.file, desc.output.file]);
  return [...new Set([file_grpcrouter_v1_channel, ...files].map((file) => file.proto.name))].sort();
}

function createChannelService({ desc, channel }: ServiceModel): MessageInitShape<typeof ServiceDescriptorProtoSchema> {
  const register = {
    name: "Register",
    inputType: `.${channel.package}.${channel.reply}`,
    outputType: `.${channel.package}.${channel.call}`,
    clientStreaming: true,
    serverStreaming: true,
  };
  const service = { name: channel.service, method: [register] };
  return isDeprecated(desc) ? { ...service, options: { deprecated: true } } : service;
}

function createFrame(frame: Frame, methods: readonly MethodModel[]): DescriptorProto {
  return create(DescriptorProtoSchema, {
    name: frame.name,
    field: [
      createField("head", headNumber, frame.head),
      { ...createField("fragment", fragmentNumber, FragmentSchema), oneofIndex: 0 },
      ...methods.map((method) => ({
        ...createField(method.memberName, method.number, frame.message(method)),
        oneofIndex: 0,
        ...(method.desc.deprecated ? { options: { deprecated: true } } : {}),
      })),
    ],
    oneofDecl: [{ name: frame.oneof }],
    reservedRange: [kept],
  });
}

function createField(name: string, number: number, message: DescMessage) {
  return {
    name,
    number,
    label: FieldDescriptorProto_Label.OPTIONAL,
    type: FieldDescriptorProto_Type.MESSAGE,
    typeName: `.${message.typeName}`,
    jsonName: protoCamelCase(name),
  } satisfies MessageInitShape<typeof FieldDescriptorProtoSchema>;
}

function isDeprecated(desc: ServiceModel["desc"]): boolean {
  return desc.deprecated || desc.file.deprecated;
}
