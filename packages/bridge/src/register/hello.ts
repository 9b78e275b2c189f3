// SPDX-License-Identifier: Apache-2.0

import { create, type DescFile, type DescService, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  type Feature,
  Health_Status,
  type HealthSchema,
  type Hello,
  HelloSchema,
  INITIAL_CREDIT,
  MAX_MESSAGE_BYTES,
  Method_Idempotency,
  Method_Kind,
  type MethodSchema,
  type PreviousSchema,
} from "@grpc-router/protocol";
import type { BridgeOptions } from "../bridge-options.js";
import { REVISION } from "../channel/channel-options.js";
import type { ServedMethod } from "../dispatch/served-method.js";
import type { ServedService } from "../dispatch/served-service.js";
import type { BridgePorts } from "../ports.js";
import type { HealthState } from "./health-source.js";

/** What tells this process from every other one that has its instance id. */
export interface ProcessIdentity {
  readonly instanceId: string;
  readonly incarnation: bigint;
  /** 16 random bytes. */
  readonly processKey: Uint8Array;
}

/** What changes from one hello to the next. */
export interface HelloFacts {
  readonly ordinal: bigint;
  /** Net of what still runs for former channels; undefined: not stated. */
  readonly capacity: number | undefined;
  /** Undefined: not stated, the router takes it as serving. */
  readonly health: HealthState | undefined;
  /** What is offered. */
  readonly features: readonly Feature[];
  /** Fates of the channels given up. */
  readonly previous: readonly MessageInitShape<typeof PreviousSchema>[];
}

const AGENT = "grpc-router-bridge/0.1.0";

/** The first frame of a channel: who we are and what we serve (docs/channel.md sections 1 and 6). */
export function createHello(
  service: ServedService,
  identity: ProcessIdentity,
  options: BridgeOptions,
  facts: HelloFacts,
): Hello {
  const { capacity, health } = facts;
  return create(HelloSchema, {
    revisionMin: REVISION,
    revisionMax: REVISION,
    features: [...facts.features],
    service: service.name,
    instanceId: identity.instanceId,
    incarnation: identity.incarnation,
    processKey: identity.processKey,
    methods: service.methods.map(describeMethod),
    traits: { labels: { ...options.labels }, weight: options.weight ?? 0 },
    ...(capacity !== undefined && { capacity: { calls: capacity } }),
    ...(health !== undefined && { health: describeHealth(health) }),
    initialCredit: options.requestCredit ?? INITIAL_CREDIT,
    maxMessageBytes: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    previous: [...facts.previous],
    agent: options.agent ?? AGENT,
    ordinal: facts.ordinal,
  });
}

/** SHA-256 in hex of the service's file and of all that it imports; empty without the port. */
export function schemaDigest(service: DescService, sha256: BridgePorts["sha256"]): string {
  if (sha256 === undefined) return "";
  const files = new Map<string, DescFile>();
  collect(service.file, files);
  const set = create(FileDescriptorSetSchema, { file: [...files.values()].map((file) => file.proto) });
  const digest = sha256(toBinary(FileDescriptorSetSchema, set));
  return Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** `UserService` and six random letters: unique enough, and people can say it. */
export function createInstanceId(serviceName: string, random: Uint8Array): string {
  const letters = "abcdefghjkmnpqrstvwxyz0123456789";
  const simple = serviceName.slice(serviceName.lastIndexOf(".") + 1);
  const kebab = simple.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
  return `${kebab.slice(0, 100)}-${Array.from(random.subarray(0, 6), (octet) => letters.charAt(octet & 31)).join("")}`;
}

function describeMethod(method: ServedMethod): MessageInitShape<typeof MethodSchema> {
  return {
    name: method.desc.name,
    number: method.number,
    typed: method.typed,
    kind: kindOf(method),
    idempotency: idempotencyOf(method),
  };
}

/** A service's health as frames have it. */
export function describeHealth({ serving, note }: HealthState): MessageInitShape<typeof HealthSchema> {
  return { status: serving ? Health_Status.SERVING : Health_Status.NOT_SERVING, note };
}

function kindOf({ readsStream, writesStream }: ServedMethod): Method_Kind {
  if (readsStream) return writesStream ? Method_Kind.BIDI_STREAMING : Method_Kind.CLIENT_STREAMING;
  return writesStream ? Method_Kind.SERVER_STREAMING : Method_Kind.UNARY;
}

function idempotencyOf({ desc }: ServedMethod): Method_Idempotency {
  switch (desc.idempotency) {
    case MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS:
      return Method_Idempotency.NO_SIDE_EFFECTS;
    case MethodOptions_IdempotencyLevel.IDEMPOTENT:
      return Method_Idempotency.IDEMPOTENT;
    default:
      return Method_Idempotency.UNSPECIFIED;
  }
}

/** Imported files come before those that import them, as descriptor sets have them. */
function collect(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.name)) return;
  for (const dependency of file.dependencies) collect(dependency, files);
  files.set(file.name, file);
}
