// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { ServiceEntry } from "../registry/service-entry.js";

/** A routed service, for people and programs that ask what there is. */
export interface ServiceInfo {
  /** Full name. */
  readonly name: string;
  /** Some instance takes its calls now. */
  readonly serving: boolean;
  /** Instances that are registered, and those of them that take calls. */
  readonly instances: number;
  readonly available: number;
  /** Calls that instances have. */
  readonly openCalls: number;
  /** Calls that wait for an instance. */
  readonly waitingCalls: number;
  readonly methods: readonly MethodInfo[];
}

/** One of its methods. */
export interface MethodInfo {
  readonly name: string;
  readonly kind: DescMethod["methodKind"];
  /** Full names of the messages. */
  readonly input: string;
  readonly output: string;
  /** The contract says that a call may run twice. */
  readonly idempotent: boolean;
  /** Instances that take its calls now. */
  readonly available: number;
  /** Calls that wait for one of them. */
  readonly waitingCalls: number;
}

/** Says what there is of a service now; `serving` as its health. */
export function describeService(service: ServiceEntry, serving: boolean): ServiceInfo {
  const waitingCalls = service.room.count;
  const waiting = countWaiting(service);
  return {
    name: service.name,
    serving,
    instances: service.live.size,
    available: service.candidates.list.length,
    openCalls: service.countOpen() - waitingCalls,
    waitingCalls,
    methods: service.desc.service.methods.map((method, index) => {
      const route = service.routes[index];
      return {
        name: method.name,
        kind: method.methodKind,
        input: method.input.typeName,
        output: method.output.typeName,
        idempotent: route?.idempotent ?? false,
        available: route?.candidates.list.length ?? 0,
        waitingCalls: route === undefined ? 0 : (waiting.get(route.index) ?? 0),
      };
    }),
  };
}

/** By place of the method. Calls of tenants with rules wait by themselves. */
function countWaiting({ queues }: ServiceEntry): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { index, waiting } of queues) counts.set(index, (counts.get(index) ?? 0) + waiting.size);
  return counts;
}
