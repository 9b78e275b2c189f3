// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { FIRST_METHOD_NUMBER, methodNumber } from "@grpc-router/protocol";
import { BridgeError } from "../bridge-error.js";
import type { ServedMethod } from "../dispatch/served-method.js";
import type { ServedService } from "../dispatch/served-service.js";
import type { HealthSource } from "../register/health-source.js";
import { RelayHandler } from "./relay-handler.js";
import type { Target } from "./target.js";

/** The path of the channel without members, on which every message travels as fragments (docs/channel.md section 6). */
const UNTYPED_PATH = "/grpcrouter.v1.ChannelService/Register";

/**
 * A service whose calls all go to `target`.
 *
 * @throws BridgeError `INVALID_SERVICE` if it has no methods.
 */
export function createRelayedService(desc: DescService, target: Target, health: HealthSource): ServedService {
  const numbers = new Set<number>();
  const methods = desc.methods.map((method) => createRelayedMethod(method, numberOf(method, numbers), target));
  const [first] = methods;
  if (first === undefined) {
    throw new BridgeError("INVALID_SERVICE", `Cannot bridge ${desc.typeName}: it must have methods, it has none`);
  }
  return {
    name: desc.typeName,
    desc,
    path: UNTYPED_PATH,
    methods,
    byNumber: new Map(methods.map((method) => [method.number, method])),
    methodNames: methods.map((method) => method.desc.name).join(", "),
    unknownMethod: { ...first, number: 0, label: desc.typeName },
    health,
  };
}

function createRelayedMethod(desc: DescMethod, number: number, target: Target): ServedMethod {
  const label = `${desc.parent.typeName}/${desc.name}`;
  return {
    service: desc.parent,
    desc,
    number,
    typed: false,
    readsStream: desc.methodKind === "client_streaming" || desc.methodKind === "bidi_streaming",
    writesStream: desc.methodKind === "server_streaming" || desc.methodKind === "bidi_streaming",
    label,
    handler: new RelayHandler(target, label),
  };
}

/** The name's own number; two names that share one are told apart by any other, since numbers count for one channel only. */
function numberOf(method: DescMethod, taken: Set<number>): number {
  let number = methodNumber(method.name);
  for (let other = FIRST_METHOD_NUMBER; taken.has(number); other++) number = other;
  taken.add(number);
  return number;
}
