// SPDX-License-Identifier: Apache-2.0

import type { Interceptor } from "@connectrpc/connect";
import { Http2Error, type Limits, validateLimits } from "@grpc-router/http2";
import {
  MAX_INSTANCE_ID_BYTES,
  MAX_LABEL_NAME_BYTES,
  MAX_LABEL_VALUE_BYTES,
  MAX_LABELS,
  MAX_MESSAGE_BYTES,
  MIN_INITIAL_CREDIT,
} from "@grpc-router/protocol";
import { BridgeError } from "./bridge-error.js";
import { MAX_CONNECTIONS_PER_ROUTER, MAX_LOAD_INTERVAL_MS, MIN_LOAD_INTERVAL_MS } from "./limits.js";
import type { LoadOptions } from "./load/load-options.js";
import { connectionId } from "./register/connection-identity.js";

/** Options of `createBridge`. */
export interface BridgeOptions {
  /**
   * Name of this instance at the router, 1 to 128 of `A-Z a-z 0-9 . _ : / -`. Two processes must not share one: the newer
   * takes over. Default: the first service's name and a random part, such as `user-service-k3x9q2`.
   */
  readonly id?: string;
  /** Calls of each service that may be open at once, at all routers together; more wait at the routers. Default: not stated, the router pushes. */
  readonly capacity?: number;
  /** What balancers may go by: zone, version, … At most 64. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Share of the calls beside other instances. Default 100. */
  readonly weight?: number;
  /** Around every method, the first one outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Longest request message in bytes, after inflating. Default 4,194,304. */
  readonly maxMessageBytes?: number;
  /** Bytes of a request that may be under way before user code reads them, at least 65,536. Default 81,920. */
  readonly requestCredit?: number;
  /** Name and version for people, in the router's list of instances. Default: this package's. */
  readonly agent?: string;
  /** Metadata of every registration, such as `{ authorization: "Bearer …" }`; called anew for each. */
  readonly registrationMetadata?: () => Readonly<Record<string, string>>;
  /**
   * How this process reports its load to routers, which balancers may go by; false: not at all. Default: shares of CPU and
   * memory, how late timers run, and rates of requests, as often as the routers ask (every 10 s).
   */
  readonly load?: LoadOptions | false;
  /** Connections to routers: limits of HTTP/2 other than the defaults (`defaultLimits` of `@grpc-router/http2`). */
  readonly connections?: { readonly limits?: Partial<Limits> };
}

/** What the place of deployment says in place of the code; what is absent stays as `createBridge` was told. */
export type BridgeOverrides = {
  readonly [Name in "id" | "capacity" | "labels" | "weight"]?: BridgeOptions[Name] | undefined;
};

/** How a bridge is opened. */
export interface OpenOptions extends BridgeOverrides {
  /**
   * Connections to each router, 1 to 16; those after the first register as `<id>/2`, `<id>/3`, … Calls are spread over them,
   * and one that is lost leaves the others' calls alone. Default 1.
   */
  readonly connectionsPerRouter?: number | undefined;
  /** Dial the routers that routers name, too (`routers` of `createRouter`). Default true. */
  readonly followRouters?: boolean | undefined;
}

/** `options` with what `overrides` says anew. Throws as `validateBridgeOptions`. */
export function overrideBridgeOptions(options: BridgeOptions, overrides: OpenOptions): BridgeOptions {
  const { connectionsPerRouter: _connections, followRouters: _follow, ...named } = overrides;
  const said = Object.entries(named).filter(([, value]) => value !== undefined);
  const merged: BridgeOptions = { ...options, ...Object.fromEntries(said) };
  validateBridgeOptions(merged);
  return merged;
}

/**
 * Checks how a bridge with this id is opened.
 *
 * @throws BridgeError `INVALID_OPTION`.
 */
export function validateOpenOptions({ connectionsPerRouter = 1 }: OpenOptions, instanceId: string): void {
  checkInteger("connectionsPerRouter", connectionsPerRouter, 1, MAX_CONNECTIONS_PER_ROUTER);
  const longest = connectionId(instanceId, connectionsPerRouter);
  if (!isInstanceId(longest))
    throw invalid("id", `at most ${MAX_INSTANCE_ID_BYTES} bytes with the connection's number`, longest);
}

const MAX_UINT32 = 2 ** 32 - 1;

/**
 * Checks every option.
 *
 * @throws BridgeError `INVALID_OPTION`, naming the first that is wrong.
 */
export function validateBridgeOptions(options: BridgeOptions): void {
  const { id, labels = {} } = options;
  if (id !== undefined && !isInstanceId(id)) throw invalid("id", "1 to 128 of A-Z a-z 0-9 . _ : / -", id);
  checkInteger("capacity", options.capacity, 0, MAX_UINT32);
  checkInteger("weight", options.weight, 0, MAX_UINT32);
  checkInteger("maxMessageBytes", options.maxMessageBytes ?? MAX_MESSAGE_BYTES, 1, MAX_UINT32);
  checkInteger("requestCredit", options.requestCredit, MIN_INITIAL_CREDIT, 2 ** 31 - 1);
  if (options.load)
    checkInteger("load.intervalMs", options.load.intervalMs, MIN_LOAD_INTERVAL_MS, MAX_LOAD_INTERVAL_MS);
  checkLimits(options.connections?.limits);
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) throw invalid("labels", `at most ${MAX_LABELS} labels`, entries.length);
  for (const [name, value] of entries) {
    const fits = utf8Bytes(name) <= MAX_LABEL_NAME_BYTES && utf8Bytes(value) <= MAX_LABEL_VALUE_BYTES && name !== "";
    if (!fits) throw invalid("labels", "names of 1 to 63 and values of at most 256 bytes", `${name}=${value}`);
  }
}

/** Checks a capacity given later. */
export function validateCapacity(calls: number): void {
  checkInteger("capacity", calls, 0, MAX_UINT32);
}

function isInstanceId(id: string): boolean {
  return id.length <= MAX_INSTANCE_ID_BYTES && /^[A-Za-z0-9._:/-]+$/.test(id);
}

function checkInteger(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw invalid(name, `a whole number from ${min} to ${max}`, value);
}

function checkLimits(limits: Partial<Limits> = {}): void {
  try {
    validateLimits(limits);
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    const rule = error.message.replace(/^[^:]*: /, "connections.limits.");
    throw new BridgeError("INVALID_OPTION", `Cannot create the bridge: ${rule}`, { cause: error });
  }
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function invalid(name: string, expected: string, received: unknown): BridgeError {
  const message = `Cannot create the bridge: ${name} must be ${expected}, received ${JSON.stringify(received)}`;
  return new BridgeError("INVALID_OPTION", message);
}
