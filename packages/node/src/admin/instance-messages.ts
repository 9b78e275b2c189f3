// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import type { InstanceInfo } from "@grpc-router/runtime";
import { type Instance, InstanceSchema, State } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { durationOf } from "./durations.js";

const STATES = { serving: State.SERVING, not_serving: State.NOT_SERVING, draining: State.DRAINING } as const;

/** The instances of `service` (empty: of all), ordered by service and id. */
export function instanceMessages(instances: readonly InstanceInfo[], service: string): Instance[] {
  return instances
    .filter((info) => service === "" || info.service === service)
    .map(toMessage)
    .sort((a, b) => compare(a.service, b.service) || compare(a.id, b.id));
}

function toMessage(info: InstanceInfo): Instance {
  return create(InstanceSchema, {
    id: info.instanceId,
    service: info.service,
    state: STATES[info.state],
    peerAddress: info.address,
    methods: [...info.methods],
    labels: { ...info.labels },
    weight: info.weight,
    capacity: info.capacity,
    openCalls: info.openCalls,
    totalCalls: BigInt(info.totalCalls),
    // The router's clock is that of createNodeScheduler.
    registeredFor: durationOf(Math.max(0, performance.now() - info.registeredMs)),
    agent: info.agent,
    principal: info.principal,
    ejected: info.ejected,
    openBreakers: [...info.openBreakers],
    withdrawn: info.withdrawn,
    ...(info.orderedWeight === undefined ? {} : { orderedWeight: info.orderedWeight }),
    ...(info.load === undefined ? {} : { load: info.load }),
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
