// SPDX-License-Identifier: Apache-2.0

import { create, fromJson, type JsonValue, type MessageInitShape } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { MethodInfo, PolicyFact, ServiceInfo } from "@grpc-router/runtime";
import {
  MethodKind as Kind,
  type MethodKind,
  type PolicyFact as PolicyFactMessage,
  PolicyFactSchema,
  type Service,
  ServiceSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";

const KINDS: Readonly<Record<MethodInfo["kind"], MethodKind>> = {
  unary: Kind.UNARY,
  server_streaming: Kind.SERVER_STREAMING,
  client_streaming: Kind.CLIENT_STREAMING,
  bidi_streaming: Kind.BIDI_STREAMING,
};

/** A routed service. */
export function serviceMessage({ methods, ...service }: ServiceInfo): Service {
  const init: MessageInitShape<typeof ServiceSchema> = {
    ...service,
    methods: methods.map(({ kind, ...method }) => ({ ...method, kind: KINDS[kind] })),
  };
  return create(ServiceSchema, init);
}

/** One thing that is said of a method or service. */
export function policyFactMessage({ name, value, source }: PolicyFact): PolicyFactMessage {
  // Facts are plain data; what JSON has no word for (Infinity) becomes null.
  const json = JSON.parse(JSON.stringify(value)) as JsonValue;
  return create(PolicyFactSchema, { name, source, value: fromJson(ValueSchema, json) });
}
