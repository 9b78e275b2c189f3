// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { type GenBridge, isGenBridge, typedNumbers } from "@grpc-router/protocol/codegenv1";
import { BridgeError } from "../bridge-error.js";
import type { HealthSource } from "../register/health-source.js";
import { DispatchHandler } from "./dispatch-handler.js";
import { withInterceptors } from "./interceptors.js";
import type { MethodCode, MethodRun, ServedMethod } from "./served-method.js";

/** User code of one method, and the interceptors around it. */
export interface MethodEntry {
  readonly code: MethodCode;
  readonly interceptors: readonly Interceptor[];
}

/** A service that an instance serves: the methods that it has somebody to answer for. */
export interface ServedService {
  /** `acme.user.v1.UserService`. */
  readonly name: string;
  readonly desc: DescService;
  /** `/grpcrouter.channel.acme.user.v1.UserServiceChannel/Register`. */
  readonly path: string;
  readonly methods: readonly ServedMethod[];
  readonly byNumber: ReadonlyMap<number, ServedMethod>;
  /** Names of the methods for people: `GetUser, WatchUsers`. */
  readonly methodNames: string;
  /** Stands for a method that is not served, until its call is refused. */
  readonly unknownMethod: ServedMethod;
  /** Undefined: serving as long as it is registered. */
  readonly health?: HealthSource;
}

/**
 * Joins a generated bridge with the code of its methods, by local name.
 *
 * @throws BridgeError `INVALID_SERVICE` if `bridge` is no generated bridge, or if there is code for none of its methods.
 */
export function createServedService(
  bridge: GenBridge<DescService>,
  entries: ReadonlyMap<string, MethodEntry>,
): ServedService {
  if (!isGenBridge(bridge)) {
    throw new BridgeError(
      "INVALID_SERVICE",
      `Cannot bridge: the service must be a generated bridge, received ${nameOf(bridge)}`,
    );
  }
  const { service, channel } = bridge;
  const typed = typedNumbers(channel);
  const methods: ServedMethod[] = [];
  for (const desc of service.methods) {
    const entry = entries.get(desc.localName);
    const facts = bridge.methods[desc.localName];
    if (entry === undefined || facts === undefined) continue;
    methods.push(createServedMethod(desc, entry, facts.number, typed.has(facts.number)));
  }
  if (methods.length === 0) {
    throw new BridgeError(
      "INVALID_SERVICE",
      `Cannot bridge ${service.typeName}: at least one method must be implemented, received none`,
    );
  }
  return {
    name: service.typeName,
    desc: service,
    path: `/${channel.typeName}/Register`,
    methods,
    byNumber: new Map(methods.map((method) => [method.number, method])),
    methodNames: methods.map((method) => method.desc.name).join(", "),
    unknownMethod: createUnknownMethod(service),
  };
}

function createServedMethod(desc: DescMethod, entry: MethodEntry, number: number, typed: boolean): ServedMethod {
  const { code } = entry;
  // `code` has the signature of this method: it was looked up by the method's name in an object typed by its service.
  const run: MethodRun = (request, context) => code(request as never, context);
  return {
    service: desc.parent,
    desc,
    number,
    typed,
    readsStream: desc.methodKind === "client_streaming" || desc.methodKind === "bidi_streaming",
    writesStream: desc.methodKind === "server_streaming" || desc.methodKind === "bidi_streaming",
    label: `${desc.parent.typeName}/${desc.name}`,
    handler: new DispatchHandler(withInterceptors(desc, run, entry.interceptors)),
  };
}

function createUnknownMethod(service: DescService): ServedMethod {
  const [desc] = service.methods;
  if (desc === undefined)
    throw new BridgeError("INVALID_SERVICE", `Cannot bridge ${service.typeName}: it must have methods, it has none`);
  const entry = { code: () => undefined, interceptors: [] };
  return {
    ...createServedMethod(desc, entry, 0, false),
    readsStream: false,
    writesStream: false,
    label: service.typeName,
  };
}

function nameOf(value: unknown): string {
  if (typeof value === "object" && value !== null && "typeName" in value)
    return `the service ${String(value.typeName)} itself`;
  return value === null ? "null" : typeof value;
}
