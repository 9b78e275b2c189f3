// SPDX-License-Identifier: Apache-2.0
import type { Reason, ReasonFacts } from "@grpc-router/protocol";
import { createRouterStatus, type RouterStatus, type RouterStatusOptions } from "../status/router-status.js";

/** Why a channel cannot go on: a reason of docs/channel.md section 8 with the facts of its sentence. */
export type ChannelFault = { [R in Reason]: { readonly reason: R; readonly facts: ReasonFacts<R> } }[Reason];

/** The status that tells the peer. */
export function statusOfFault(fault: ChannelFault, options?: RouterStatusOptions): RouterStatus {
  // The type ties facts to reason, member by member, which a generic call cannot see.
  return createRouterStatus(fault.reason, fault.facts as ReasonFacts<Reason>, options);
}
