// SPDX-License-Identifier: Apache-2.0

/** Limits of one connection; each stops the attack named beside it. */
export interface Limits {
  /** Octets of output that may wait for the transport: a peer that opens its window but not its TCP (CVE-2019-9517). */
  readonly outputBytes: number;
  /** Milliseconds to wait for the PING round trip of a graceful shutdown. */
  readonly drainPingMs: number;
}
