// SPDX-License-Identifier: Apache-2.0

import type { Connection, Stream } from "@grpc-router/http2";
import type { Welcome } from "@grpc-router/protocol";
import type { CapacityShare } from "../capacity/capacity-share.js";
import type { ServedService } from "../dispatch/served-service.js";
import type { CallTally } from "../load/call-tally.js";
import type { BridgePorts } from "../ports.js";
import type { Channel } from "./channel.js";
import type { ChannelEnd } from "./channel-end.js";

/** Revision of the channel that this package speaks. */
export const REVISION = 1;

/** Who hears of a channel. */
export interface ChannelOwner {
  /** The router has taken the registration. */
  onWelcome(channel: Channel, welcome: Welcome): void;
  /** The router drains: no call follows. */
  onRouterDrain(channel: Channel, reason: string): void;
  /** The router names other further routers than it did. */
  onRouters(channel: Channel, addresses: readonly string[]): void;
  /** The channel has come to its end; told once. */
  onChannelOver(channel: Channel, end: ChannelEnd): void;
  /** The grace of a drain is over, and `count` calls had not ended. */
  onCallsCut(count: number): void;
  /** The number of calls that run on the channel has changed, also after its end. */
  onCallOver(channel: Channel): void;
}

/** What a channel needs. */
export interface ChannelOptions {
  readonly ports: BridgePorts;
  readonly service: ServedService;
  /** For people. */
  readonly instanceId: string;
  readonly owner: ChannelOwner;
  readonly connection: Connection<Channel>;
  readonly stream: Stream<Channel>;
  /** The router's address, for people. */
  readonly routerName: string;
  /** "https" if the router was dialled over TLS. */
  readonly scheme: string;
  readonly maxRequestBytes: number;
  readonly requestCredit: number;
  /** What it may have open. */
  readonly share: CapacityShare;
  /** Counts its calls for load reports; undefined: nobody does. */
  readonly tally: CallTally | undefined;
}
