// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  type MethodDescriptorProto,
  MethodOptions_IdempotencyLevel,
} from "@bufbuild/protobuf/wkt";
import { type GenRouter, type MethodFacts, routerDesc } from "@grpc-router/protocol/codegenv1";

/** Numbers of the test service's methods on channels. */
export const numbers = { Get: 8, Read: 9, Watch: 10, Collect: 11, Chat: 12 } as const;
export type MethodName = keyof typeof numbers;

/** `Method.kind` by method. */
export const kinds = { Get: 1, Read: 1, Watch: 2, Collect: 3, Chat: 4 } as const;

export const serviceName = "acme.test.v1.TestService";
export const registerPath = "/grpcrouter.channel.acme.test.v1.TestServiceChannel/Register";

/** Path of a method. */
export function pathOf(method: MethodName): string {
  return `/${serviceName}/${method}`;
}

/** The router module that the generator would write for the test service: `Read` is idempotent, `Get` is not. */
export function testServiceRouter(
  facts: Partial<Record<string, Partial<MethodFacts>>> = {},
  serviceName = "TestService",
  levels: Partial<Record<MethodName, MethodOptions_IdempotencyLevel>> = {},
): GenRouter<DescService> {
  const service = describeService(`acme/test/v1/${serviceName}.proto`, "acme.test.v1", serviceName, [
    { name: "Get" },
    { name: "Read", options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS } },
    {
      name: "Watch",
      serverStreaming: true,
      ...(levels.Watch === undefined ? {} : { options: { idempotencyLevel: levels.Watch } }),
    },
    { name: "Collect", clientStreaming: true },
    { name: "Chat", clientStreaming: true, serverStreaming: true },
  ]);
  const channel = describeService(
    `grpcrouter/channel/acme/test/v1/${serviceName}.proto`,
    "grpcrouter.channel.acme.test.v1",
    `${serviceName}Channel`,
    [{ name: "Register", clientStreaming: true, serverStreaming: true }],
  );
  const methods = Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => {
      const localName = name.charAt(0).toLowerCase() + name.slice(1);
      return [localName, { number, ...facts[localName] }];
    }),
  );
  return routerDesc(service, channel, methods);
}

type MethodShape = Partial<Pick<MethodDescriptorProto, "name" | "clientStreaming" | "serverStreaming">> & {
  readonly options?: { readonly idempotencyLevel: MethodOptions_IdempotencyLevel };
};

function describeService(file: string, pkg: string, name: string, methods: readonly MethodShape[]): DescService {
  const type = `.${pkg}.Message`;
  const message = {
    name: "Message",
    field: [
      {
        name: "data",
        jsonName: "data",
        number: 1,
        label: FieldDescriptorProto_Label.OPTIONAL,
        type: FieldDescriptorProto_Type.BYTES,
      },
    ],
  } satisfies Partial<Omit<DescriptorProto, "field">> & { field: unknown[] };
  const proto = create(FileDescriptorProtoSchema, {
    name: file,
    package: pkg,
    syntax: "proto3",
    messageType: [message],
    service: [{ name, method: methods.map((method) => ({ ...method, inputType: type, outputType: type })) }],
  });
  const service = createFileRegistry(proto, () => undefined).getService(`${pkg}.${name}`);
  if (service === undefined) throw new Error(`Cannot describe ${name}: the registry must have it`);
  return service;
}
