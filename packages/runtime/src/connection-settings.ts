// SPDX-License-Identifier: Apache-2.0
import { defaultLimits, Http2Error, type Limits, validateLimits } from "@grpc-router/http2";
import { RouterError } from "./router-error.js";

/** Settings of a router's connections, those of clients and of instances alike. */
export interface ConnectionSettings {
  /** Limits of HTTP/2 other than the defaults (`defaultLimits` of `@grpc-router/http2`); each stops an attack. */
  readonly limits?: Partial<Limits>;
}

/** What every connection of a router is made with. */
export interface ResolvedConnectionSettings {
  readonly limits: Limits;
}

/**
 * Checks the settings and fills in the defaults.
 *
 * @throws RouterError INVALID_SETTING for a name that is not there or a value out of range.
 */
export function resolveConnectionSettings(settings: ConnectionSettings = {}): ResolvedConnectionSettings {
  refuseUnknown("connections", settings, ["limits"]);
  return { limits: resolveLimits(settings.limits) };
}

function resolveLimits(limits: Partial<Limits> = {}): Limits {
  refuseUnknown("connections.limits", limits, Object.keys(defaultLimits));
  try {
    return validateLimits(limits);
  } catch (error) {
    if (error instanceof Http2Error) throw refusal(error.message.replace(/^[^:]*: /, "connections.limits."), error);
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
