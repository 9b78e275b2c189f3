// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import { EmptySchema, FileDescriptorProtoSchema, file_google_protobuf_empty } from "@bufbuild/protobuf/wkt";
import { MAX_METHODS, type Method, methodNumber, routerOf } from "@grpc-router/protocol";
import type { GenRouter } from "@grpc-router/protocol/codegenv1";
import { isServicePattern } from "../credentials/service-pattern.js";
import { methodKindOf } from "./validate-hello.js";

/** A method as an instance announces it. */
interface LearntMethod {
  readonly name: string;
  readonly kind: "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";
}

const methodName = /^[A-Za-z_]\w{0,127}$/;

/** Octets of a service's name: it comes from a peer, and stays. */
const maxNameLength = 256;

/** What a router answers itself, or means by its own paths. */
const ownPackages = /^(?:grpcrouter|grpc\.(?:health|reflection))\./;

/** Whether a service of this name can be learnt. */
export function isLearnable(service: string): boolean {
  return (
    service.length <= maxNameLength && !service.endsWith("*") && isServicePattern(service) && !ownPackages.test(service)
  );
}

/**
 * The contract of a service that is known from hellos alone: names and kinds of methods, those of `former` and what `methods`
 * adds to them. Nobody knows its messages, so nothing can be said of what is in them. Undefined: it
 * would be the same as `former`.
 */
export function learnService(
  name: string,
  methods: readonly Method[],
  former: DescService | undefined,
): GenRouter<DescService> | undefined {
  const known = new Map<string, LearntMethod>();
  for (const method of former?.methods ?? []) known.set(method.name, { name: method.name, kind: method.methodKind });
  const before = known.size;
  for (const method of methods) {
    const kind = methodKindOf(method);
    if (kind === undefined || known.has(method.name) || !methodName.test(method.name)) continue;
    if (known.size < MAX_METHODS) known.set(method.name, { name: method.name, kind });
  }
  if (known.size === before) return undefined;
  const desc = describe(name, [...known.values()]);
  const numbered = desc.methods.map((method) => {
    return { desc: method, number: methodNumber(method.name), facts: {}, inherited: [] };
  });
  return routerOf({ desc, methods: numbered, policies: {} });
}

function describe(typeName: string, methods: readonly LearntMethod[]): DescService {
  const dot = typeName.lastIndexOf(".");
  const type = `.${EmptySchema.typeName}`;
  const file = create(FileDescriptorProtoSchema, {
    name: `grpcrouter/learnt/${typeName}.proto`,
    package: typeName.slice(0, Math.max(0, dot)),
    syntax: "proto3",
    dependency: [file_google_protobuf_empty.proto.name],
    service: [
      {
        name: typeName.slice(dot + 1),
        method: methods.map(({ name, kind }) => ({
          name,
          inputType: type,
          outputType: type,
          clientStreaming: kind === "client_streaming" || kind === "bidi_streaming",
          serverStreaming: kind === "server_streaming" || kind === "bidi_streaming",
        })),
      },
    ],
  });
  const service = createFileRegistry(file, () => file_google_protobuf_empty).getService(typeName);
  if (service === undefined) throw new Error(`Cannot describe ${typeName}: the registry must have it`);
  return service;
}
