// SPDX-License-Identifier: Apache-2.0

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { PolicyUsage } from "@grpc-router/runtime";
import {
  type GetEngineStatsResponse,
  GetEngineStatsResponseSchema,
  type GetPolicyStatsResponse,
  GetPolicyStatsResponseSchema,
  type LimitStatsSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import type { EngineStats, LimitStats } from "../serve/engine-stats.js";
import type { PolicyStats } from "../serve/policy-stats.js";
import { durationOf } from "./durations.js";

/** What HTTP/2 did. */
export function engineStatsMessage(stats: EngineStats): GetEngineStatsResponse {
  return create(GetEngineStatsResponseSchema, {
    countedFor: durationOf(stats.countedForMs),
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

/** What policies did, and what they hold. */
export function policyStatsMessage(stats: PolicyStats, usage: readonly PolicyUsage[]): GetPolicyStatsResponse {
  return create(GetPolicyStatsResponseSchema, {
    retries: BigInt(stats.retries),
    retriesRefused: bigCounts(stats.retriesRefused),
    hedges: BigInt(stats.hedges),
    fallbacksRerouted: BigInt(stats.fallbacks.rerouted),
    fallbacksReplied: BigInt(stats.fallbacks.replied),
    breakers: bigCounts(stats.breakers),
    ejections: bigCounts(stats.ejections),
    services: usage
      .map(({ retryTokens, ...held }) => ({ ...held, ...(retryTokens === undefined ? {} : { retryTokens }) }))
      .sort((a, b) => (a.service < b.service ? -1 : 1)),
  });
}

function toLimitMessage({ name, hits, value }: LimitStats): MessageInitShape<typeof LimitStatsSchema> {
  return { name, hits: BigInt(hits), value: BigInt(value) };
}

function bigCounts(counts: Readonly<Record<string, number>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, BigInt(count)]));
}
