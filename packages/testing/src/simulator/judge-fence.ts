// SPDX-License-Identifier: Apache-2.0
import type { ChannelTap } from "./channel-tap.js";
import type { TappedChannel } from "./tapped-channel.js";

/**
 * A router has taken `newcomer` for an instance id. If the id's newest channel so far still stood, the newcomer must be of the
 * same principal, and newer: of the same process a later hello, of another a greater incarnation (docs/channel.md section 7).
 */
export function judgeTakeover(tap: ChannelTap, newcomer: TappedChannel): void {
  const { newest } = newcomer.owner;
  const holder = newest.get(newcomer.fenceKey)?.state;
  // Of two that a router has taken in one turn, the one before may be written behind the one after.
  if (holder !== undefined && holder.epoch > newcomer.epoch) return;
  newest.set(newcomer.fenceKey, tap);
  if (holder === undefined || !holder.isLive) return;
  const { loop } = newcomer.world;
  const problem = findProblem(holder, newcomer);
  if (problem === undefined) return;
  // The end of the holder's channel may be written in the same turn, behind this one, or wait for room.
  loop.at(loop.nowMs + 1, () => {
    if (holder.routerGone || holder.owner.isRouterHeld) return;
    newcomer.violate("fence", `it has taken ${newcomer.instanceId} from ${holder.name}, which ${problem}`);
  });
}

function findProblem(holder: TappedChannel, newcomer: TappedChannel): string | undefined {
  if (holder.owner.principal !== newcomer.owner.principal) {
    return `is of ${holder.owner.principal || "nobody"}, not of ${newcomer.owner.principal || "nobody"}`;
  }
  const { processKey, incarnation, ordinal } = newcomer.claim;
  const isNewer =
    holder.claim.processKey === processKey ? ordinal > holder.claim.ordinal : incarnation > holder.claim.incarnation;
  return isNewer ? undefined : "is newer";
}
