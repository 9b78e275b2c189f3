// SPDX-License-Identifier: Apache-2.0
import { encodeRouterControl } from "@grpc-router/protocol";

/** A token only has to tell a Ping from those shortly before. */
const tokens = 256;
const frames: Uint8Array[] = [];

/** The frame of a channel's Ping number `count`, made once for all channels: ten thousand that are idle ping a thousand times a second. */
export function pingFrame(count: number): Uint8Array {
  const token = count % tokens;
  frames[token] ??= encodeRouterControl({ kind: { case: "ping", value: { token: BigInt(token) } } });
  return frames[token];
}
