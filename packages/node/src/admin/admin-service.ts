// SPDX-License-Identifier: Apache-2.0

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { InstanceInfo } from "@grpc-router/runtime";
import {
  type AdminService,
  type GetEngineStatsResponse,
  GetEngineStatsResponseSchema,
  type Instance,
  InstanceSchema,
  type LimitStatsSchema,
  type ListInstancesRequest,
  State,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import type { EngineStats, LimitStats } from "../serve/engine-stats.js";
import type { RouterServer } from "../serve/serve-router.js";

/** What of a router's server an operator may ask. */
export type ObservedServer = Pick<RouterServer, "instances" | "engineStats">;

/** Answers an operator's questions about `server`. */
export function createAdminService(server: ObservedServer): ServiceImpl<typeof AdminService> {
  return {
    listInstances: (request: ListInstancesRequest) => ({
      instances: server
        .instances()
        .filter(({ service }) => request.service === "" || service === request.service)
        .map(toMessage)
        .sort((a, b) => compare(a.service, b.service) || compare(a.id, b.id)),
    }),
    getEngineStats: () => toStatsMessage(server.engineStats()),
  };
}

const STATES = { serving: State.SERVING, not_serving: State.NOT_SERVING, draining: State.DRAINING } as const;

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
    registeredFor: durationOf(Math.max(0, Math.round(performance.now() - info.registeredMs))),
    agent: info.agent,
    principal: info.principal,
    ejected: info.ejected,
    openBreakers: [...info.openBreakers],
    ...(info.load === undefined ? {} : { load: info.load }),
  });
}

function toStatsMessage(stats: EngineStats): GetEngineStatsResponse {
  return create(GetEngineStatsResponseSchema, {
    countedFor: durationOf(Math.round(stats.countedForMs)),
    connectionsOpened: BigInt(stats.connectionsOpened),
    connectionsClosed: BigInt(stats.connectionsClosed),
    streamsOpened: BigInt(stats.streamsOpened),
    streamsClosed: BigInt(stats.streamsClosed),
    resetsSent: bigCounts(stats.resetsSent),
    resetsReceived: bigCounts(stats.resetsReceived),
    goawaysSent: bigCounts(stats.goawaysSent),
    goawaysReceived: bigCounts(stats.goawaysReceived),
    limits: stats.limits.map(toLimitMessage),
    listenerLimits: stats.listenerLimits.map(toLimitMessage),
    reasons: bigCounts(stats.reasons),
  });
}

function toLimitMessage({ name, hits, value }: LimitStats): MessageInitShape<typeof LimitStatsSchema> {
  return { name, hits: BigInt(hits), value: BigInt(value) };
}

function bigCounts(counts: Readonly<Record<string, number>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, BigInt(count)]));
}

/** `durationFromMs` of newer @bufbuild/protobuf. */
function durationOf(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const rest = ms % 1_000;
  return { seconds: BigInt((ms - rest) / 1_000), nanos: rest * 1_000_000 };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
