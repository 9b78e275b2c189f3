// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from "./connection/connection.js";
import { ErrorCode } from "./frame/error-code.js";
import { Http2Error } from "./http2-error.js";

/**
 * How a connection finds out that its peer is gone, which PINGs it bears, and how long it stands (gRFC A8 and A9). Every
 * time is in milliseconds and judged by `Connection.sweep`, so it is kept to about a second; `Infinity` turns a time off.
 */
export interface KeepaliveOptions {
  /**
   * Silence of the peer, from the last octet read, before a PING asks whether it is there. Server: at least 1,000,
   * default 2 hours, also while no stream is open. Client: at least 10,000 (gRFC A8), default off.
   */
  readonly timeMs: number;
  /** Silence after such a PING before the connection is given up. Default 20,000. */
  readonly timeoutMs: number;
  /**
   * Server: the least time between PINGs of the client; one that comes sooner is a strike (`Limits.pingStrikes`). HEADERS
   * or DATA of ours forgive all strikes and allow one PING at once. 0: any. Default 5 minutes.
   */
  readonly minPingIntervalMs: number;
  /**
   * Client: ask (`timeMs`) also while no stream is open. Server: let clients do so; otherwise their PINGs without streams
   * must be two hours apart. Default false.
   */
  readonly permitWithoutCalls: boolean;
  /** Server: time without an open stream before the connection is drained, with `max_idle` in GOAWAY. Default off. */
  readonly maxIdleMs: number;
  /**
   * Server: age at which the connection is drained, with `max_age` in GOAWAY; each connection takes its own out of ±10 %
   * (`ConnectionOptions.random`), so that those which came together do not all come back together. Default off.
   */
  readonly maxAgeMs: number;
  /** Server: time after the second GOAWAY of that drain for the streams that are open; then they end. Default off. */
  readonly maxAgeGraceMs: number;
}

/** PINGs of a client without streams must be this far apart, as TCP keepalive is (RFC 1122 section 4.2.3.6). */
export const pingIntervalWithoutCallsMs = 7_200_000;

/** Debug data of a GOAWAY, by gRFC A8 and A9. */
export const tooManyPings = "too_many_pings";
export const maxIdle = "max_idle";
export const maxAge = "max_age";

const shared = {
  timeoutMs: 20_000,
  minPingIntervalMs: 300_000,
  permitWithoutCalls: false,
  maxIdleMs: Number.POSITIVE_INFINITY,
  maxAgeMs: Number.POSITIVE_INFINITY,
  maxAgeGraceMs: Number.POSITIVE_INFINITY,
};

/** What holds for a connection that is told nothing else, by role. */
export const defaultKeepalive: Readonly<Record<"server" | "client", KeepaliveOptions>> = {
  server: { timeMs: 7_200_000, ...shared },
  client: { timeMs: Number.POSITIVE_INFINITY, ...shared },
};

type TimeName = Exclude<keyof KeepaliveOptions, "permitWithoutCalls">;

/** The least value of each time. */
const leastMs: Readonly<Record<"server" | "client", Readonly<Record<TimeName, number>>>> = {
  server: { timeMs: 1_000, timeoutMs: 1, minPingIntervalMs: 0, maxIdleMs: 1, maxAgeMs: 1, maxAgeGraceMs: 0 },
  client: { timeMs: 10_000, timeoutMs: 1, minPingIntervalMs: 0, maxIdleMs: 1, maxAgeMs: 1, maxAgeGraceMs: 0 },
};

/**
 * Returns the defaults of the role with `options` laid over them.
 *
 * @throws Http2Error `invalid_argument` for a time that is no number or below the least one.
 */
export function validateKeepalive(
  role: "server" | "client",
  options: Partial<KeepaliveOptions> | undefined,
): KeepaliveOptions {
  if (options === undefined) return defaultKeepalive[role];
  const merged = { ...defaultKeepalive[role], ...options };
  for (const [name, least] of Object.entries(leastMs[role]) as [TimeName, number][]) {
    const value = merged[name];
    // Infinity as the least interval would not turn strikes off, but make every PING one.
    const isAllowed = name === "minPingIntervalMs" ? Number.isFinite(value) : typeof value === "number";
    if (isAllowed && value >= least) continue;
    throw wrongOption(name, `a number of milliseconds from ${least} on`, value);
  }
  if (typeof merged.permitWithoutCalls !== "boolean") {
    throw wrongOption("permitWithoutCalls", "true or false", merged.permitWithoutCalls);
  }
  return merged;
}

/**
 * Client: the `timeMs` for the next connection to the same server. It doubles after a server that was asked too often
 * (GOAWAY with ENHANCE_YOUR_CALM and `too_many_pings`, gRFC A8), which is worth a line in the log, too.
 *
 * ```ts
 * onConnectionClosed(reason) {
 *   timeMs = nextPingTimeMs(timeMs, reason);
 * }
 * ```
 */
export function nextPingTimeMs(timeMs: number, { code, by, message }: CloseReason): number {
  return by === "peer" && code === ErrorCode.enhanceYourCalm && message === tooManyPings ? timeMs * 2 : timeMs;
}

function wrongOption(name: string, rule: string, value: unknown): Http2Error {
  return new Http2Error("invalid_argument", `Cannot use keepalive: ${name} must be ${rule}, received ${String(value)}`);
}
