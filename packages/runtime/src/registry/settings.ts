// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type {
  HedgingFacts,
  MethodFacts,
  RetryBudgetFacts,
  RetryFacts,
  RetryThrottlingFacts,
} from "@grpc-router/protocol/codegenv1";
import type { Balancer } from "../balance/balancer.js";
import type { BalancerFactory } from "../balance/resolve-balancer.js";
import type { ConnectionSettings } from "../connection-settings.js";
import type { RegistrationSettings } from "../credentials/credential-settings.js";
import { Priority, type PriorityName } from "../resilience/priority.js";
import { RouterError } from "../router-error.js";

/** What can be said of every call: for the router, a service, or one method; the nearest to the method counts. */
export interface CallSettings {
  /** Time for the whole call in milliseconds, all attempts together; a shorter deadline of the client wins. Default: none. */
  readonly timeoutMs?: number;
  /** Longest request message in bytes, as it is on the wire. Default 4 MiB. */
  readonly maxRequestMessageBytes?: number;
  /** Longest response message in bytes, as it is on the wire. Default 4 MiB. */
  readonly maxResponseMessageBytes?: number;
  /**
   * Let calls wait while no instance is connected, until their deadline, instead of ending them as UNAVAILABLE. A
   * caller's own `x-grpc-router-wait-for-ready` field wins. Default false.
   */
  readonly waitForReady?: boolean;
  /**
   * Which calls go first when they have to wait, and stay when the queue is full: `high` before `normal` before `low`.
   * Callers have no say in it. Default `normal`.
   */
  readonly priority?: PriorityName;
}

/** Settings of one method. */
export interface MethodSettings extends CallSettings {
  /** Attempts after a failure (gRFC A6); excludes hedging. Default: none beside those that provably cannot run twice. */
  readonly retry?: RetryFacts;
  /** Attempts at the same time (gRFC A6), only for methods whose `idempotency_level` says that they may run twice. Default: none. */
  readonly hedging?: HedgingFacts;
  /** How instances are picked: a balancer, or the name of a built-in one. Default `least_request`. */
  readonly balance?: Balancer | "round_robin" | "least_request";
}

/** Settings of one service; `methods` by the names that generated code uses (`getUser`). */
export interface ServiceSettings<Service extends DescService = DescService> extends MethodSettings {
  /** Stops retries and hedges of a service that mostly fails (gRFC A6). Default: none. */
  readonly retryThrottling?: RetryThrottlingFacts;
  /** Bounds retries and hedges by a share of the open calls. Default: none. */
  readonly retryBudget?: RetryBudgetFacts;
  readonly methods?: { readonly [Name in keyof Service["method"]]?: MethodSettings };
}

/** Options of `createRouter`. */
export interface RouterOptions extends MethodSettings {
  /** The router's zone, such as "eu-1a", for services that prefer instances close by and name none. Default: unknown. */
  readonly zone?: string | undefined;
  /** The router's region, such as "eu-1": the same. Default: unknown. */
  readonly region?: string | undefined;
  /** Balancers for the `custom` strategy of the option `balance`, by name. Default: none. */
  readonly balancers?: ReadonlyMap<string, BalancerFactory>;
  /** Calls of each service that may wait for an instance. Default 10,000. */
  readonly maxWaitingCalls?: number;
  /** Bytes of requests and metadata held for them. Default 64 MiB. */
  readonly maxWaitingBytes?: number;
  /** Open calls of an instance that states no capacity. Default 4,096. */
  readonly maxOpenCalls?: number;
  /**
   * Attach google.rpc.ErrorInfo (domain `grpcrouter`: reason, execution) to the statuses that the router or a bridge
   * makes. False: clients see code and message only. Default true.
   */
  readonly errorDetails?: boolean;
  /**
   * Leave load reports of instances (ORCA, trailer `endpoint-load-metrics-bin`) in what clients get. They do no harm there:
   * clients without a balancer of their own ignore them. False: they stay inside. Default true.
   */
  readonly forwardLoadReports?: boolean;
  /**
   * Milliseconds that calls of a lost channel, of which nobody knows whether they run, wait for the instance to come
   * back and say so (`Previous`); at most 1,000. Default 0: they end at once.
   */
  readonly holdLostMs?: number;
  /**
   * Further routers, or workers of this one, as `http://host:port` or `https://host:port`, at most 16: bridges that
   * follow dial them, too. `RouterServer.setRouters` changes the list later. Default: none.
   */
  readonly routers?: readonly string[];
  /** Limits and memory of connections. Default: as each setting says. */
  readonly connections?: ConnectionSettings | undefined;
  /** Who may register instances, and of which services. Default: whoever reaches the router may register everything. */
  readonly registration?: RegistrationSettings | undefined;
}

/** The settings of one method after all that was said about it. */
export interface ResolvedSettings {
  /** Milliseconds; `Infinity`: no deadline of its own. */
  readonly timeoutMs: number;
  readonly maxRequestMessageBytes: number;
  readonly maxResponseMessageBytes: number;
  readonly waitForReady: boolean;
  readonly priority: Priority;
}

/** Where a setting can come from, the strongest first. */
export type SettingSources = readonly (CallSettings | MethodFacts | undefined)[];

/** The longest message that a prefix can announce. */
const maxMessageBytes = 2 ** 32 - 1;

/**
 * Works out what counts for one method. Order, the first that says something wins: code for the method, code for the
 * service, the proto's options, code for the router.
 *
 * @throws RouterError INVALID_SETTING for a value out of range.
 */
export function resolveSettings(
  subject: string,
  sources: SettingSources,
  defaults: ResolvedSettings,
): ResolvedSettings {
  return {
    timeoutMs: number(subject, sources, "timeoutMs", 1) ?? defaults.timeoutMs,
    maxRequestMessageBytes: number(subject, sources, "maxRequestMessageBytes", 0) ?? defaults.maxRequestMessageBytes,
    maxResponseMessageBytes: number(subject, sources, "maxResponseMessageBytes", 0) ?? defaults.maxResponseMessageBytes,
    waitForReady: sources.map(waitForReadyOf).find((value) => value !== undefined) ?? defaults.waitForReady,
    priority: priorityOf(subject, sources) ?? defaults.priority,
  };
}

type NumberName = "timeoutMs" | "maxRequestMessageBytes" | "maxResponseMessageBytes";

function number(subject: string, sources: SettingSources, name: NumberName, least: number): number | undefined {
  const value = sources.map((source) => source?.[name]).find((candidate) => candidate !== undefined);
  if (value === undefined) return undefined;
  const most = name === "timeoutMs" ? Number.MAX_SAFE_INTEGER : maxMessageBytes;
  if (value === Number.POSITIVE_INFINITY && name === "timeoutMs") return value;
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new RouterError(
    "INVALID_SETTING",
    `Cannot route ${subject}: ${name} must be a number from ${least} to ${most}, received ${value}`,
  );
}

function waitForReadyOf(source: CallSettings | MethodFacts | undefined): boolean | undefined {
  return source !== undefined && "waitForReady" in source ? source.waitForReady : undefined;
}

function priorityOf(subject: string, sources: SettingSources): Priority | undefined {
  const name = sources.map((source) => source?.priority).find((value) => value !== undefined);
  if (name === undefined) return undefined;
  if (Object.hasOwn(Priority, name)) return Priority[name];
  throw new RouterError(
    "INVALID_SETTING",
    `Cannot route ${subject}: priority must be ${Object.keys(Priority).join(", ")}, received ${String(name)}`,
  );
}
