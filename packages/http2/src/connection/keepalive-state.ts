// SPDX-License-Identifier: Apache-2.0
import type { KeepaliveOptions } from "../keepalive.js";

/** Share of its age by which a connection may be off, either way (gRFC A9). */
const ageJitter = 0.1;

/** What a connection keeps for keepalive, idleness and age. Only `lastReadMs` is written outside of sweeps and PINGs. */
export class KeepaliveState {
  readonly options: KeepaliveOptions;
  readonly bornMs: number;
  /** The age that this connection may reach. */
  readonly maxAgeMs: number;
  /** Something else watches over the connection (see `Connection.longLived`). */
  longLived = false;

  /** When the last octets were read. */
  lastReadMs: number;
  /** When the PING went out that has no answer yet; -1: none. */
  askedMs = -1;
  /** Since when no stream has been open, as sweeps have seen it; and the highest stream then, which tells of calls in between. */
  idleSinceMs: number;
  idleStreamId = 0;
  /** It has reached its age. */
  isOld = false;
  /** When a sweep first saw the second GOAWAY out; -1: not yet. */
  graceSinceMs = -1;

  /** PINGs of the peer that came too soon since we last sent HEADERS or DATA, and when the last good one came. */
  strikes = 0;
  goodPingMs = Number.NEGATIVE_INFINITY;

  constructor(options: KeepaliveOptions, nowMs: number, random: (() => number) | undefined) {
    this.options = options;
    this.bornMs = nowMs;
    this.lastReadMs = nowMs;
    this.idleSinceMs = nowMs;
    const jitter = random === undefined ? 0 : ageJitter * (2 * random() - 1);
    this.maxAgeMs = options.maxAgeMs * (1 + jitter);
  }
}
