// SPDX-License-Identifier: Apache-2.0
import {
  defaultKeepalive,
  defaultLimits,
  Http2Error,
  type KeepaliveOptions,
  type Limits,
  validateKeepalive,
  validateLimits,
} from "@grpc-router/http2";
import { connectionHeaderBytes, connectionMemoryBytes, grownWindowShare, windowBudgetBytes } from "./limits.js";
import { RouterError } from "./router-error.js";

/** Settings of a router's connections, those of clients and of instances alike. */
export interface ConnectionSettings {
  /** Limits of HTTP/2 other than the defaults (`defaultLimits` of `@grpc-router/http2`); each stops an attack. */
  readonly limits?: Partial<Limits> | undefined;
  /**
   * How peers that are gone are found, which PINGs are borne, and how long connections stand (gRFC A8 and A9). Idleness
   * and age do not end a connection while an instance is registered on it.
   */
  readonly keepalive?: Partial<KeepaliveOptions> | undefined;
  /**
   * Bytes by which the receive windows of all connections may grow beyond their initial sizes, together. Default 64 MiB.
   * One connection's grows to half of `memoryBytes` at the most, unless `limits.grownWindowBytes` says otherwise.
   */
  readonly windowBudgetBytes?: number | undefined;
  /**
   * Bytes that the router keeps for the calls of one connection: requests that wait or are kept for a second try,
   * metadata, replies that the client has not read. Above it new calls are refused (CONNECTION_MEMORY) and a client
   * that hardly reads loses the calls that hold most (BUFFER_LIMIT). Default 8 MiB.
   */
  readonly memoryBytes?: number | undefined;
  /** Bytes of these that may be metadata; above it new calls are refused (CONNECTION_MEMORY). Default 256 KiB. */
  readonly headerBytes?: number | undefined;
}

/** What every connection of a router is made with. */
export interface ResolvedConnectionSettings {
  readonly limits: Limits;
  readonly keepalive: KeepaliveOptions;
  readonly windowBudgetBytes: number;
  readonly memoryBytes: number;
  readonly headerBytes: number;
}

/**
 * Checks the settings and fills in the defaults.
 *
 * @throws RouterError INVALID_SETTING for a name that is not there or a value out of range.
 */
export function resolveConnectionSettings(settings: ConnectionSettings = {}): ResolvedConnectionSettings {
  refuseUnknown("connections", settings, ["limits", "keepalive", "windowBudgetBytes", "memoryBytes", "headerBytes"]);
  const { limits = {}, keepalive = {} } = settings;
  refuseUnknown("connections.limits", limits, Object.keys(defaultLimits));
  refuseUnknown("connections.keepalive", keepalive, Object.keys(defaultKeepalive.server));
  const memoryBytes = bytes("memoryBytes", settings.memoryBytes) ?? connectionMemoryBytes;
  const grownWindowBytes = Math.min(defaultLimits.grownWindowBytes, Math.floor(memoryBytes * grownWindowShare));
  return {
    limits: checked("limits", () => validateLimits({ grownWindowBytes, ...limits })),
    keepalive: checked("keepalive", () => validateKeepalive("server", keepalive)),
    windowBudgetBytes: bytes("windowBudgetBytes", settings.windowBudgetBytes) ?? windowBudgetBytes,
    memoryBytes,
    headerBytes: bytes("headerBytes", settings.headerBytes) ?? connectionHeaderBytes,
  };
}

function bytes(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw refusal(`connections.${name} must be a whole number of bytes from 0, received ${String(value)}`);
}

/** What the engine finds of its part, told as the router's. */
function checked<Value>(part: string, validate: () => Value): Value {
  try {
    return validate();
  } catch (error) {
    if (error instanceof Http2Error) throw refusal(error.message.replace(/^[^:]*: /, `connections.${part}.`), error);
    throw error;
  }
}

/** A name nobody knows is a limit that its writer believes in and that does not hold. */
function refuseUnknown(subject: string, settings: object, names: readonly string[]): void {
  const unknown = Object.keys(settings).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw refusal(`a name in ${subject} must be one of ${names.join(", ")}, received ${unknown}`);
  }
}

function refusal(rule: string, cause?: Error): RouterError {
  return new RouterError("INVALID_SETTING", `Cannot create router: ${rule}`, { cause });
}
