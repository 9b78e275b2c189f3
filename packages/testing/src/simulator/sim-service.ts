// SPDX-License-Identifier: Apache-2.0
// The services that simulations call, made from descriptors alone: a method of each kind, once as it may run twice and
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
  /** Full name of its service. */
  readonly service: string;
  readonly name: string;
  readonly number: number;
  readonly clientStreams: boolean;
  readonly serverStreams: boolean;
  readonly isIdempotent: boolean;
  readonly isTyped: boolean;
}

/** A service that simulations call. */
export interface SimService {
  readonly name: string;
  readonly methods: readonly SimMethod[];
  /** Where instances with generated code register. */
  readonly registerPath: string;
  /** What the generator would make of it for a router. */
  readonly router: GenRouter<DescService>;
  /** What the generator would make of it for a bridge. */
  readonly bridge: GenBridge<DescService>;
}

type MethodShape = Partial<Omit<SimMethod, "service" | "name">> & { readonly number: number };

const message = ".google.protobuf.BytesValue";
/** A request has, beside what a reply has, a field for keys. */
const request = ".sim.v1.SimRequest";
const both = { clientStreams: true, serverStreams: true };

/** `value` is BytesValue's, so that whoever reads that reads a request, too. */
const requestFile = {
  name: "sim/v1/request.proto",
  package: "sim.v1",
  syntax: "proto3",
  messageType: [
    {
      name: "SimRequest",
      field: [
        scalar("value", 1, FieldDescriptorProto_Type.BYTES),
        scalar("shard", 2, FieldDescriptorProto_Type.UINT32),
      ],
    },
  ],
};

/** All services. Names and numbers occur in both; the numbers of some are those of the vectors in packages/protocol. */
export const simServices: readonly SimService[] = [
  createSimService("SimService", {
    Get: { number: 8 },
    Read: { number: 16, isIdempotent: true },
    Watch: { number: 20_002, serverStreams: true },
    List: { number: 89_608, serverStreams: true, isIdempotent: true },
    Collect: { number: 20_004, clientStreams: true },
    Chat: { number: 173_444, ...both },
    Blob: { number: 214_892, isTyped: false },
  }),
  createSimService("OtherService", {
    Get: { number: 8, isIdempotent: true },
    Watch: { number: 20_004, serverStreams: true },
    Chat: { number: 173_444, ...both },
  }),
];

/** The path of a method. */
export function simPath({ service, name }: SimMethod): string {
  return `/${service}/${name}`;
}

/** Name of a method in generated code. */
export function localNameOf({ name }: SimMethod): string {
  return name.toLowerCase();
}

function createSimService(simpleName: string, shapes: Readonly<Record<string, MethodShape>>): SimService {
  const name = `sim.v1.${simpleName}`;
  const channelName = `grpcrouter.channel.${name}Channel`;
  const methods = Object.entries(shapes).map(([methodName, shape]) => ({
    service: name,
    name: methodName,
    clientStreams: false,
    serverStreams: false,
    isIdempotent: false,
    isTyped: true,
    ...shape,
  }));
  const registry = createFileRegistry(
    create(FileDescriptorSetSchema, {
      file: [
        file_google_protobuf_wrappers.proto,
        file_grpcrouter_v1_channel.proto,
        requestFile,
        serviceFile(simpleName, methods),
        channelFile(simpleName, methods),
      ],
    }),
  );
  const service = find(registry, name);
  const channel = find(registry, channelName);
  const numbers = Object.fromEntries(methods.map((method) => [localNameOf(method), method.number]));
  const routed = Object.fromEntries(Object.entries(numbers).map(([localName, number]) => [localName, { number }]));
  return {
    name,
    methods,
    registerPath: `/${channelName}/Register`,
    router: routerDesc(service, channel, routed),
    bridge: bridgeDesc(service, channel, numbers),
  };
}

function serviceFile(
  simpleName: string,
  methods: readonly SimMethod[],
): MessageInitShape<typeof FileDescriptorProtoSchema> {
  return {
    name: `sim/v1/${simpleName}.proto`,
    package: "sim.v1",
    dependency: ["google/protobuf/wrappers.proto", requestFile.name],
    syntax: "proto3",
    service: [
      {
        name: simpleName,
        method: methods.map(({ name, clientStreams, serverStreams, isIdempotent }) => ({
          name,
          inputType: request,
          outputType: message,
          clientStreaming: clientStreams,
          serverStreaming: serverStreams,
          options: isIdempotent ? { idempotencyLevel: MethodOptions_IdempotencyLevel.IDEMPOTENT } : {},
        })),
      },
    ],
  };
}

function channelFile(
  simpleName: string,
  methods: readonly SimMethod[],
): MessageInitShape<typeof FileDescriptorProtoSchema> {
  const typed = methods.filter(({ isTyped }) => isTyped);
  return {
    name: `grpcrouter/channel/sim/v1/${simpleName}.proto`,
    package: "grpcrouter.channel.sim.v1",
    dependency: ["google/protobuf/wrappers.proto", "grpcrouter/v1/channel.proto", requestFile.name],
    syntax: "proto3",
    messageType: [
      frame(`${simpleName}Call`, "CallHead", { members: typed, type: request }),
      frame(`${simpleName}Reply`, "ReplyHead", { members: typed, type: message }),
    ],
    service: [
      {
        name: `${simpleName}Channel`,
        method: [
          {
            name: "Register",
            inputType: `.grpcrouter.channel.sim.v1.${simpleName}Reply`,
            outputType: `.grpcrouter.channel.sim.v1.${simpleName}Call`,
            clientStreaming: true,
            serverStreaming: true,
          },
        ],
      },
    ],
  };
}

function find(registry: FileRegistry, name: string): DescService {
  const found = registry.getService(name);
  if (found === undefined) throw new Error(`Cannot find ${name}`);
  return found;
}

function frame(name: string, head: string, { members, type }: { members: readonly SimMethod[]; type: string }) {
  return {
    name,
    field: [
      field("head", 1, `.grpcrouter.v1.${head}`),
      { ...field("fragment", 2, ".grpcrouter.v1.Fragment"), oneofIndex: 0 },
      ...members.map((one) => ({ ...field(localNameOf(one), one.number, type), oneofIndex: 0 })),
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

function scalar(name: string, number: number, type: FieldDescriptorProto_Type) {
  return { name, number, type, label: FieldDescriptorProto_Label.OPTIONAL, jsonName: name };
}
