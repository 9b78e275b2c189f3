// SPDX-License-Identifier: Apache-2.0
// A bridge among several routers, on virtual time.

import type { ServiceImpl } from "@connectrpc/connect";
import {
  createFakeScheduler,
  createRecordingLogger,
  createSeededRandom,
  type FakeScheduler,
  type RecordingLogger,
} from "@grpc-router/testing";
import { createBridge } from "../bridge.js";
import type { BridgeOptions, OpenOptions } from "../bridge-options.js";
import type { BridgeConnection, RouterEndpoint } from "../ports.js";
import { type EchoService, echoBridge, otherBridge } from "./echo-service.suite.js";
import type { PeerChannel } from "./peer-channel.suite.js";
import { createRouterPeer, type RouterPeer } from "./router-peer.suite.js";

/** What a test can set. */
export interface RoutersBedOptions extends BridgeOptions {
  readonly open?: OpenOptions;
  /** Default: `http://a`. */
  readonly urls?: readonly string[];
  readonly code?: Partial<ServiceImpl<EchoService>>;
  /** Serves `test.v1.OtherService`, too. */
  readonly withOther?: boolean;
}

/** Everything that a test holds in its hands. */
export interface RoutersBed {
  readonly scheduler: FakeScheduler;
  readonly logger: RecordingLogger;
  readonly connection: BridgeConnection;
  /** Unary calls that run. */
  readonly running: (() => void)[];
  /** The router that is reached at an address. Two addresses can be made one router with `alias`. */
  peer(url: string): RouterPeer;
  alias(url: string, of: string): void;
  /** Welcomes the last Register stream of a router, which says that it is the process `routerId`. */
  welcome(url: string, options?: { routers?: string[]; routerId?: string; features?: string[] }): Promise<PeerChannel>;
  /** Addresses that have been dialled, in order. */
  readonly dialled: readonly string[];
  /** Messages of one event. */
  said(event: string): string[];
}

/** Opens a bridge; no router has answered yet. */
export async function openAmongRouters(options: RoutersBedOptions = {}): Promise<RoutersBed> {
  const { open = {}, urls = ["http://a"], code, withOther = false, ...bridgeOptions } = options;
  const scheduler = createFakeScheduler();
  const logger = createRecordingLogger();
  const { randomBytes } = createSeededRandom(1);
  const peers = new Map<string, RouterPeer>();
  const dialled: string[] = [];
  const running: (() => void)[] = [];
  const peer = (url: string): RouterPeer => {
    const known = peers.get(url) ?? createRouterPeer(scheduler);
    peers.set(url, known);
    return known;
  };
  const endpoint = (address: string): RouterEndpoint => {
    const url = URL.parse(address);
    if (url === null || !/^https?:$/.test(url.protocol)) throw new Error(`Cannot dial the router: ${address}`);
    return {
      url: url.origin,
      dial: (events) => {
        dialled.push(url.origin);
        return peer(url.origin).dial(events);
      },
    };
  };
  const [first = endpoint("http://a"), ...furtherRouters] = urls.map(endpoint);
  const say: ServiceImpl<EchoService>["say"] = ({ value }) =>
    new Promise((resolve) => running.push(() => resolve({ value })));
  const bridge = createBridge({ id: "echo-1", ...bridgeOptions }).service(echoBridge, code ?? { say });
  if (withOther) bridge.service(otherBridge, { ping: () => ({ value: "pong" }) } as never);
  const ports = {
    scheduler,
    logger,
    random: () => 0.5,
    randomBytes,
    incarnation: 7,
    ...first,
    furtherRouters,
    endpoint,
  };
  const connection = bridge.open(ports, open);
  await scheduler.settle();
  return {
    scheduler,
    logger,
    connection,
    running,
    peer,
    dialled,
    alias: (url, of) => void peers.set(url, peer(of)),
    async welcome(url, { routers = [], routerId = url, features = ["routers", "demand"] } = {}) {
      const channel = peer(url).last();
      // Nobody answers pings here.
      channel.welcome({
        routers,
        routerId,
        features,
        pingAfterMs: 1_000_000_000,
        epoch: BigInt(peer(url).channels.length),
      });
      await scheduler.settle();
      return channel;
    },
    said: (event) => logger.of(event).map(({ message }) => message),
  };
}
