// SPDX-License-Identifier: Apache-2.0

import { Code, ConnectError, type HandlerContext, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { isRouterError } from "@grpc-router/runtime";
import type {
  AdminService,
  DrainInstanceRequest,
  DrainRouterRequest,
  GetCallStatsRequest,
  GetPolicyRequest,
  KickInstanceRequest,
  ListCallsRequest,
  ListInstancesRequest,
  ResumeInstanceRequest,
  SetInstanceWeightRequest,
  SetLogLevelRequest,
  TakeProfileRequest,
  TapCallsRequest,
  TraceFramesRequest,
  WatchEventsRequest,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import type { LogLevels } from "../log/log-levels.js";
import { logModules } from "../log/log-modules.js";
import { NodeError } from "../node-error.js";
import type { RouterServer } from "../serve/serve-router.js";
import { callMessage, callStatsMessage } from "./call-messages.js";
import { createTaps } from "./call-taps.js";
import { type AdministeredConfig, appliedOf, configMessage, outcomeMessage } from "./config-messages.js";
import { connectionMessage } from "./connection-messages.js";
import { msOf } from "./durations.js";
import { streamEvents } from "./event-stream.js";
import { createFrameTraces } from "./frame-traces.js";
import { instanceMessages } from "./instance-messages.js";
import { createProfiles } from "./profiles.js";
import { policyFactMessage, serviceMessage } from "./service-messages.js";
import { engineStatsMessage, policyStatsMessage } from "./stats-messages.js";

/** What of a router's server an operator may ask and order. */
export type ObservedServer = Pick<
  RouterServer,
  "instances" | "engineStats" | "policyStats" | "inFlight" | "operator" | "events" | "watch" | "connections"
>;

/** What the program around the router adds. */
export interface AdminServiceParts {
  readonly server: ObservedServer;
  /** Begins the graceful stop; undefined: with the program's own grace. */
  readonly drain: (graceMs: number | undefined) => void;
  /** What the program's log is written at; undefined: it has a log of its own. */
  readonly logLevels: LogLevels | undefined;
  /** The configuration that the router runs by; undefined: it has no files. */
  readonly config: AdministeredConfig | undefined;
  /** Whether operators may look at the messages of calls. */
  readonly allowTapMessages: boolean;
}

/** Answers an operator's questions about a router, and does what it is told. */
export function createAdminService(parts: AdminServiceParts): ServiceImpl<typeof AdminService> {
  const { server } = parts;
  const { operator } = server;
  const profiles = createProfiles();
  const taps = createTaps({
    watch: (watcher) => server.watch(watcher),
    ports: { wallMs: Date.now, random: Math.random, schema: (method) => operator.schema(method) },
    allowMessages: parts.allowTapMessages,
  });
  const traces = createFrameTraces(server);
  return {
    listInstances: ({ service }: ListInstancesRequest) => ({
      instances: instanceMessages(server.instances(), service),
    }),
    getEngineStats: () => engineStatsMessage(server.engineStats()),
    setInstanceWeight: ({ id, service, weight }: SetInstanceWeightRequest) => ({
      services: operator.setWeight({ instanceId: id, service }, weight),
    }),
    kickInstance: ({ id, service, reason }: KickInstanceRequest) => ({
      services: operator.kick({ instanceId: id, service }, reason),
    }),
    drainInstance: ({ id, service, grace }: DrainInstanceRequest) => ({
      services: operator.withdraw({ instanceId: id, service }, msOf(grace)),
    }),
    resumeInstance: ({ id, service }: ResumeInstanceRequest) => ({
      services: operator.resume({ instanceId: id, service }),
    }),
    listServices: () => ({ services: operator.services().map(serviceMessage) }),
    getPolicy({ subject, tenant }: GetPolicyRequest) {
      return { facts: operator.policy(subject, tenant === "" ? undefined : tenant).map(policyFactMessage) };
    },
    getPolicyStats: () => policyStatsMessage(server.policyStats(), operator.policyUsage()),
    listCalls: (request: ListCallsRequest) => listCalls(server, request),
    getCallStats: ({ method }: GetCallStatsRequest) => ({ methods: callStats(server, method) }),
    drainRouter: (request: DrainRouterRequest) => drainRouter(parts, request),
    getLogLevel: () => ({ ...levelsOf(levelsIn(parts)), knownModules: [...logModules] }),
    setLogLevel: ({ module, level }: SetLogLevelRequest) => {
      const levels = levelsIn(parts);
      levels.set(level, module);
      return levelsOf(levels);
    },
    getConfig: () => configMessage(configIn(parts)),
    validateConfig: async ({ text, name }) => ({
      outcome: outcomeMessage(
        await configIn(parts).check(text === undefined ? undefined : { text, name: name || "applied" }),
      ),
    }),
    applyConfig: async (request) => ({ outcome: outcomeMessage(await configIn(parts).apply(appliedOf(request))) }),
    reloadConfig: async () => ({ outcome: outcomeMessage(await configIn(parts).reload()) }),
    watchEvents: (request: WatchEventsRequest, { signal }: HandlerContext) =>
      streamEvents(server.events, request, signal),
    tapCalls: (request: TapCallsRequest, { signal }: HandlerContext) => taps.open(request, signal),
    listConnections: () => ({ connections: server.connections.list().map(connectionMessage) }),
    traceFrames: (request: TraceFramesRequest, { signal }: HandlerContext) => traces.open(request, signal),
    takeProfile: (request: TakeProfileRequest, { signal }: HandlerContext) => profiles.take(request, signal),
  };
}

function listCalls({ operator }: ObservedServer, request: ListCallsRequest) {
  const { method, instance, olderThan, limit } = request;
  const olderThanMs = msOf(olderThan) ?? 0;
  const { calls, matched } = operator.calls({ method, instance, olderThanMs, ...(limit === 0 ? {} : { limit }) });
  return { calls: calls.map(callMessage), matched: BigInt(matched) };
}

function callStats({ operator }: ObservedServer, method: string) {
  const all = operator.callStats();
  if (all === undefined) {
    throw new ConnectError(
      "Cannot tell what became of calls: the router does not count them. Leave the option metrics of createRouter on",
      Code.FailedPrecondition,
    );
  }
  return all
    .filter((stats) => method === "" || stats.method === method || stats.method.startsWith(`${method}/`))
    .map(callStatsMessage)
    .sort((a, b) => (a.method < b.method ? -1 : 1));
}

function drainRouter({ server, drain }: AdminServiceParts, { grace }: DrainRouterRequest) {
  const graceMs = msOf(grace);
  if (graceMs !== undefined && !(graceMs >= 0 && graceMs <= 86_400_000)) {
    throw new ConnectError("Cannot drain the router: the grace must be from 0 to 24 h", Code.InvalidArgument);
  }
  const open = [...server.inFlight().calls.values()].reduce((sum, count) => sum + count, 0);
  drain(graceMs);
  return { openCalls: BigInt(open) };
}

function configIn({ config }: AdminServiceParts): AdministeredConfig {
  if (config !== undefined) return config;
  throw new ConnectError(
    "Cannot tell or change the configuration: the router runs without configuration files. Start it with serve --config",
    Code.FailedPrecondition,
  );
}

function levelsIn({ logLevels }: AdminServiceParts): LogLevels {
  if (logLevels !== undefined) return logLevels;
  throw new ConnectError(
    "Cannot tell or change log levels: the router's program writes its log itself. Give serveAdmin the logLevels of its logger",
    Code.FailedPrecondition,
  );
}

function levelsOf({ level, modules }: LogLevels) {
  return { level, modules: { ...modules } };
}

/** Gives errors of the router the code of gRPC that they mean. */
export const explainErrors: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    if (error instanceof NodeError) throw new ConnectError(error.message, Code.InvalidArgument);
    if (!isRouterError(error)) throw error;
    throw new ConnectError(error.message, error.code === "NOT_FOUND" ? Code.NotFound : Code.InvalidArgument);
  }
};
