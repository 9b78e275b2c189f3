// SPDX-License-Identifier: Apache-2.0
import type { Reason, ReasonFacts } from "@grpc-router/protocol";
import { createRouterStatus, type RouterStatus, type RouterStatusOptions } from "../status/router-status.js";

/** Why a channel cannot go on: a reason of docs/channel.md section 8 with the facts of its sentence. */
export type ChannelFault = { [R in Reason]: { readonly reason: R; readonly facts: ReasonFacts<R> } }[Reason];

/** Statuses without facts, by reason: a router that closes says the same to thousands of channels in one turn. */
const ready = new Map<Reason, RouterStatus>();

/** The status that tells the peer. */
export function statusOfFault(fault: ChannelFault, options?: RouterStatusOptions): RouterStatus {
  if (options !== undefined || Object.keys(fault.facts).length > 0) return makeStatus(fault, options);
  const known = ready.get(fault.reason) ?? makeStatus(fault, options);
  ready.set(fault.reason, known);
  return known;
}

function makeStatus(fault: ChannelFault, options: RouterStatusOptions | undefined): RouterStatus {
  // The type ties facts to reason, member by member, which a generic call cannot see.
  return createRouterStatus(fault.reason, fault.facts as ReasonFacts<Reason>, options);
}
