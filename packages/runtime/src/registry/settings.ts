// SPDX-License-Identifier: Apache-2.0
import type { DescService, Message, MessageShape } from "@bufbuild/protobuf";
import { type KeyValue, MAX_MESSAGE_BYTES, type PolicyLayer } from "@grpc-router/protocol";
import type { BalanceFacts, MethodPolicyFacts, ServicePolicyFacts } from "@grpc-router/protocol/codegenv1";
import type { Balancer } from "../balance/balancer.js";
import type { BalancerFactory } from "../balance/resolve-balancer.js";
import type { ConnectionSettings } from "../connection-settings.js";
import type { RegistrationSettings } from "../credentials/credential-settings.js";
import type { CallInterceptor } from "../intercept/call-interceptor.js";
import type { MethodHooks } from "../intercept/message-hook.js";
import type { MetricsSettings } from "../metrics/metrics-settings.js";
import { Priority } from "../resilience/priority.js";
import type { BalancerName } from "./balance-by-name.js";

/**
 * What can be said of a method: for the router, a service, or the method itself; the nearest to the method counts. What
 * each means, its unit and its default: `grpcrouter/v1/options.proto`.
 */
export interface MethodSettings<Request extends Message = never>
  extends Omit<MethodPolicyFacts, "balance" | "routeKey"> {
  /**
   * What keeps calls together: the path of a field of the request ("selector.shard"), which is read without decoding, or, for
   * one method, a function of its first request message, which is decoded for it. Default: calls have no key.
   */
  readonly routeKey?: string | ((request: Request) => KeyValue);
  /** How instances are picked: a strategy with its parameters, its name, or a balancer of the program's own. Default `least_request`. */
  readonly balance?: Balancer | BalancerName | BalanceFacts;
}

/** What can be said of a service as a whole. */
export interface SharedSettings extends Omit<ServicePolicyFacts, "balance" | "defaults"> {
  /** For its methods, where they say nothing themselves; the same as to say it beside `methods`, and the only place for their `circuitBreaker` and `concurrencyLimit`. */
  readonly defaults?: MethodSettings;
}

/**
 * Settings of one service; `methods` by the names that generated code uses (`getUser`). What is said here of methods
 * counts for all of them, but `circuitBreaker` and `concurrencyLimit`, which are those of the service as a whole.
 */
export interface ServiceSettings<Service extends DescService = DescService>
  extends Omit<MethodSettings, "circuitBreaker" | "concurrencyLimit">,
    SharedSettings {
  /** Code around all its calls, the first outermost, inside of the router's. Default: none. */
  readonly interceptors?: readonly CallInterceptor[];
  readonly methods?: {
    readonly [Name in keyof Service["method"]]?: MethodSettings<MessageShape<Service["method"][Name]["input"]>> &
      MethodHooks<MessageShape<Service["method"][Name]["input"]>, MessageShape<Service["method"][Name]["output"]>>;
  };
}

/** Options of `createRouter`. */
export interface RouterOptions extends MethodSettings {
  /** The router's zone, such as "eu-1a", for services that prefer instances close by and name none. Default: unknown. */
  readonly zone?: string | undefined;
  /** The router's region, such as "eu-1": the same. Default: unknown. */
  readonly region?: string | undefined;
  /** Code around all calls, the first outermost. Default: none. */
  readonly interceptors?: readonly CallInterceptor[];
  /**
   * What the operator says of services, by their full names: `readPolicies` and `serviceConfigLayer` make such layers. It
   * goes before code, and of several the later wins. Default: nothing.
   */
  readonly policies?: ReadonlyMap<string, PolicyLayer | readonly PolicyLayer[]>;
  /** Balancers for the `custom` strategy of the option `balance`, by name. Default: none. */
  readonly balancers?: ReadonlyMap<string, BalancerFactory>;
  /** Calls of each service that may wait for an instance. Default 10,000. */
  readonly maxWaitingCalls?: number;
  /** Bytes of requests and metadata held for them. Default 64 MiB. */
  readonly maxWaitingBytes?: number;
  /**
   * Bytes of requests that are with an instance and kept for a second try, of all calls together; buffers of up to 256 bytes
   * are not counted. A call that finds no room is not tried again. 0: none is kept. Default 64 MiB.
   */
  readonly maxReplayBytes?: number;
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
  /** What is counted of calls, by method. False: nothing. Default: everything, whatever the instances' labels. */
  readonly metrics?: MetricsSettings | false | undefined;
  /**
   * Whether a service that is not routed may be learnt from the hello of an instance that may register it: names and kinds of
   * methods, without messages, so that there is no reflection of it. Default: none.
   */
  readonly learns?: ((service: string) => boolean) | undefined;
  /** Who may register instances, and of which services. Default: whoever reaches the router may register everything. */
  readonly registration?: RegistrationSettings | undefined;
}

/** The settings of one method after all that was said about it, as far as every call looks at them. */
export interface ResolvedSettings {
  /** Milliseconds; `Infinity`: no deadline of its own. */
  readonly timeoutMs: number;
  /** For calls that bring none; at most `timeoutMs`. */
  readonly defaultTimeoutMs: number;
  readonly maxRequestMessageBytes: number;
  readonly maxResponseMessageBytes: number;
  readonly waitForReady: boolean;
  readonly priority: Priority;
}

/** The settings in `facts`, with the defaults where they say nothing. */
export function settingsOf(facts: MethodPolicyFacts): ResolvedSettings {
  const timeoutMs = facts.timeoutMs ?? Number.POSITIVE_INFINITY;
  return {
    timeoutMs,
    defaultTimeoutMs: Math.min(facts.defaultTimeoutMs ?? timeoutMs, timeoutMs),
    maxRequestMessageBytes: facts.maxRequestMessageBytes ?? MAX_MESSAGE_BYTES,
    maxResponseMessageBytes: facts.maxResponseMessageBytes ?? MAX_MESSAGE_BYTES,
    waitForReady: facts.waitForReady ?? false,
    priority: Priority[facts.priority ?? "normal"],
  };
}
