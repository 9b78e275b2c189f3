// SPDX-License-Identifier: Apache-2.0

import type { DescMethod } from "@bufbuild/protobuf";
import {
  type Hello,
  MAX_FEATURES,
  MAX_METHODS,
  type Method,
  Method_Kind,
  MIN_INITIAL_CREDIT,
  PROCESS_KEY_BYTES,
} from "@grpc-router/protocol";
import { findLabelProblem } from "./instance-profile.js";
import { MethodTable } from "./method-table.js";
import { quote } from "./quote.js";
import type { RegistrationRefusal } from "./registration-refusal.js";
import type { ServiceEntry } from "./service-entry.js";
import { factsOfUnknown } from "./unknown-service.js";

/** A method that the router does not take from an instance, while it takes the others. */
export interface RefusedMethod {
  readonly number: number;
  readonly name: string;
  readonly reason: "METHOD_UNKNOWN" | "SCHEMA_INCOMPATIBLE";
  readonly message: string;
}

/** What a valid Hello comes to. */
export interface HelloPlan {
  readonly service: ServiceEntry;
  readonly methods: MethodTable;
  readonly refused: readonly RefusedMethod[];
}

/** What `validateHello` judges by. */
export interface HelloContext {
  /** The services of this router. */
  readonly services: ReadonlyMap<string, ServiceEntry>;
  /** The service that the Register path stands for; undefined on the untyped path. */
  readonly pathService: string | undefined;
}

/** The one revision of the channel that this router speaks. */
export const channelRevision = 1;

const instanceIdPattern = /^[A-Za-z0-9._:/-]{1,128}$/;
const firstPin = 8;
const reservedFirst = 19_000;
const reservedLast = 19_999;
const lastNumber = 2 ** 29 - 1;

/**
 * Judges a Hello by the contract (docs/channel.md sections 1, 5, 6 and 8). A method that does not fit is refused alone; the
 * whole Hello is refused if what it says about itself is wrong, or if no method is left.
 */
export function validateHello(hello: Hello, context: HelloContext): HelloPlan | RegistrationRefusal {
  const { pathService } = context;
  if (hello.revisionMin > channelRevision || hello.revisionMax < channelRevision) {
    const received = `${hello.revisionMin} to ${hello.revisionMax}`;
    const facts = { service: quote(hello.service), received, supported: channelRevision };
    return { reason: "REVISION_UNSUPPORTED", facts };
  }
  if (pathService !== undefined && hello.service !== pathService) {
    return invalid(hello, `service must be ${pathService} on this path, received ${quote(hello.service)}`);
  }
  const problem = findProblem(hello, pathService === undefined);
  if (problem !== undefined) return invalid(hello, problem);
  const service = context.services.get(hello.service);
  if (service === undefined)
    return { reason: "SERVICE_UNKNOWN", facts: factsOfUnknown(hello.service, context.services.keys()) };
  return matchMethods(hello, service);
}

/** Whether a hello was refused. */
export function isRefusal<Accepted extends object>(
  result: Accepted | RegistrationRefusal,
): result is RegistrationRefusal {
  return "reason" in result;
}

/** What is wrong with the Hello in itself, as the second half of a sentence. */
function findProblem(hello: Hello, untyped: boolean): string | undefined {
  if (!instanceIdPattern.test(hello.instanceId)) {
    return `instance_id must be 1 to 128 of A-Z a-z 0-9 . _ : / -, received ${quote(hello.instanceId)}`;
  }
  if (hello.processKey.length !== PROCESS_KEY_BYTES) {
    return `process_key must be ${PROCESS_KEY_BYTES} bytes, received ${hello.processKey.length}`;
  }
  if (hello.initialCredit !== 0 && hello.initialCredit < MIN_INITIAL_CREDIT) {
    return `initial_credit must be at least ${MIN_INITIAL_CREDIT}, received ${hello.initialCredit}`;
  }
  if (hello.initialCredit > 2 ** 31 - 1) return `initial_credit must be below 2^31, received ${hello.initialCredit}`;
  if (hello.features.length > MAX_FEATURES) {
    return `features must be at most ${MAX_FEATURES}, received ${hello.features.length}`;
  }
  return findLabelProblem(hello.traits?.labels ?? {}) ?? findMethodProblem(hello.methods, untyped);
}

function findMethodProblem(methods: readonly Method[], untyped: boolean): string | undefined {
  if (methods.length === 0) return "methods must not be empty";
  if (methods.length > MAX_METHODS) return `methods must be at most ${MAX_METHODS}, received ${methods.length}`;
  const names = new Set<string>();
  const numbers = new Map<number, string>();
  for (const { name, number, typed } of methods) {
    const other = numbers.get(number);
    if (!isMethodNumber(number)) {
      return `the number of ${quote(name)} must be 8 to 18999 or 20000 to 2^29-1, received ${number}`;
    }
    if (other !== undefined) return `numbers must differ, received ${number} for ${quote(other)} and ${quote(name)}`;
    if (names.has(name)) return `methods must be named once, received ${quote(name)} twice`;
    if (untyped && typed) return `methods must not be typed on the untyped channel, received ${quote(name)}`;
    names.add(name);
    numbers.set(number, name);
  }
  return undefined;
}

function isMethodNumber(number: number): boolean {
  return number >= firstPin && number <= lastNumber && (number < reservedFirst || number > reservedLast);
}

function matchMethods(hello: Hello, service: ServiceEntry): HelloPlan | RegistrationRefusal {
  const methods = new MethodTable(service.slots.length);
  const refused: RefusedMethod[] = [];
  const unknown: Method[] = [];
  for (const method of hello.methods) {
    const route = service.route(method.name);
    if (route === undefined) {
      const message = `the router's ${service.name} has no method ${quote(method.name)}`;
      refused.push({ number: method.number, name: method.name, reason: "METHOD_UNKNOWN", message });
      unknown.push(method);
    } else if (methodKindOf(method) !== route.methodKind) {
      const message = `${service.name}/${method.name} must be ${route.methodKind}, received ${kindNames[method.kind] ?? "no kind"}`;
      refused.push({ number: method.number, name: method.name, reason: "SCHEMA_INCOMPATIBLE", message });
    } else {
      methods.set(route.index, method.number, method.typed);
    }
  }
  if (unknown.length > 0) methods.unknown = unknown;
  if (methods.count > 0) return { service, methods, refused };
  return { reason: "SCHEMA_INCOMPATIBLE", facts: { service: service.name, detail: refused[0]?.message ?? "" } };
}

/** Kind of a method in a hello; undefined: none that is known here. */
export function methodKindOf({ kind }: Method): DescMethod["methodKind"] | undefined {
  return kindNames[kind];
}

const kindNames: Readonly<Record<number, DescMethod["methodKind"]>> = {
  [Method_Kind.UNARY]: "unary",
  [Method_Kind.SERVER_STREAMING]: "server_streaming",
  [Method_Kind.CLIENT_STREAMING]: "client_streaming",
  [Method_Kind.BIDI_STREAMING]: "bidi_streaming",
};

function invalid(hello: Hello, detail: string): RegistrationRefusal {
  return { reason: "HELLO_INVALID", facts: { service: quote(hello.service), detail } };
}
