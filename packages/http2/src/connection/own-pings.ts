// SPDX-License-Identifier: Apache-2.0
import { ascii } from "../frame/preface.js";

// The opaque octets by which an answer tells which PING of ours it is for (RFC 9113 section 6.7).

/** Between the two GOAWAYs of a graceful shutdown. */
export const drainPing: Uint8Array = ascii("draining");
/** After silence. */
export const alivePing: Uint8Array = ascii("is alive");
/** Behind DATA, to measure what a round trip brings. */
export const bandwidthPing: Uint8Array = ascii("how fast");
