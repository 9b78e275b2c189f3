// SPDX-License-Identifier: Apache-2.0
// The service that simulations call, made from descriptors alone: a method of each kind, once as it may run twice and
// once as it may not, and one whose messages always travel as fragments.
import {
  create,
  createFileRegistry,
  type DescService,
  type FileRegistry,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
  MethodOptions_IdempotencyLevel,
} from "@bufbuild/protobuf/wkt";
import { file_grpcrouter_v1_channel } from "@grpc-router/protocol";
import { bridgeDesc, type GenBridge, type GenRouter, routerDesc } from "@grpc-router/protocol/codegenv1";

/** What a simulated call can be. */
export interface SimMethod {
  readonly name: string;
  readonly number: number;
  readonly clientStreams: boolean;
  readonly serverStreams: boolean;
  readonly isIdempotent: boolean;
  readonly isTyped: boolean;
}

function method(name: string, number: number, more: Partial<SimMethod> = {}): SimMethod {
  return { name, number, clientStreams: false, serverStreams: false, isIdempotent: false, isTyped: true, ...more };
}

/** All methods of the service. */
export const simMethods: readonly SimMethod[] = [
  method("Get", 8),
  method("Read", 20_001, { isIdempotent: true }),
  method("Watch", 20_002, { serverStreams: true }),
  method("List", 20_003, { serverStreams: true, isIdempotent: true }),
  method("Collect", 20_004, { clientStreams: true }),
  method("Chat", 9, { clientStreams: true, serverStreams: true }),
  method("Blob", 20_006, { isTyped: false }),
];

export const simServiceName = "sim.v1.SimService";

/** The path of a method. */
export function simPath({ name }: SimMethod): string {
  return `/${simServiceName}/${name}`;
}

const message = ".google.protobuf.BytesValue";

const serviceFile: MessageInitShape<typeof FileDescriptorProtoSchema> = {
  name: "sim/v1/sim.proto",
  package: "sim.v1",
  dependency: ["google/protobuf/wrappers.proto"],
  syntax: "proto3",
  service: [
    {
      name: "SimService",
      method: simMethods.map(({ name, clientStreams, serverStreams, isIdempotent }) => ({
        name,
        inputType: message,
        outputType: message,
        clientStreaming: clientStreams,
        serverStreaming: serverStreams,
        options: isIdempotent ? { idempotencyLevel: MethodOptions_IdempotencyLevel.IDEMPOTENT } : {},
      })),
    },
  ],
};

const channelFile: MessageInitShape<typeof FileDescriptorProtoSchema> = {
  name: "grpcrouter/channel/sim/v1/sim_service.proto",
  package: "grpcrouter.channel.sim.v1",
  dependency: ["google/protobuf/wrappers.proto", "grpcrouter/v1/channel.proto"],
  syntax: "proto3",
  messageType: [frame("SimServiceCall", "CallHead"), frame("SimServiceReply", "ReplyHead")],
  service: [
    {
      name: "SimServiceChannel",
      method: [
        {
          name: "Register",
          inputType: ".grpcrouter.channel.sim.v1.SimServiceReply",
          outputType: ".grpcrouter.channel.sim.v1.SimServiceCall",
          clientStreaming: true,
          serverStreaming: true,
        },
      ],
    },
  ],
};

const registry: FileRegistry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [file_google_protobuf_wrappers.proto, file_grpcrouter_v1_channel.proto, serviceFile, channelFile],
  }),
);
const service = find(simServiceName);
const channel = find("grpcrouter.channel.sim.v1.SimServiceChannel");
const localNumbers = Object.fromEntries(
  service.methods.map(({ localName, name }) => [localName, simMethods.find((one) => one.name === name)?.number ?? 0]),
);

/** What the generator would make of the service for a router. */
export const simServiceRouter: GenRouter<DescService> = routerDesc(
  service,
  channel,
  Object.fromEntries(Object.entries(localNumbers).map(([name, number]) => [name, { number }])),
);

/** What the generator would make of it for a bridge. */
export const simServiceBridge: GenBridge<DescService> = bridgeDesc(service, channel, localNumbers);

function find(name: string): DescService {
  const found = registry.getService(name);
  if (found === undefined) throw new Error(`Cannot find ${name}`);
  return found;
}

function frame(name: string, head: string) {
  const members = simMethods.filter(({ isTyped }) => isTyped);
  return {
    name,
    field: [
      field("head", 1, `.grpcrouter.v1.${head}`),
      { ...field("fragment", 2, ".grpcrouter.v1.Fragment"), oneofIndex: 0 },
      ...members.map((one) => ({ ...field(one.name.toLowerCase(), one.number, message), oneofIndex: 0 })),
    ],
    oneofDecl: [{ name: "payload" }],
  };
}

function field(name: string, number: number, typeName: string) {
  return {
    name,
    number,
    typeName,
    type: FieldDescriptorProto_Type.MESSAGE,
    label: FieldDescriptorProto_Label.OPTIONAL,
  };
}
