// SPDX-License-Identifier: Apache-2.0
// A bridge with its router peer on virtual time, and short words for the frames that most tests send.

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Limits } from "@grpc-router/http2";
import { type CallHeadSchema, CallStartSchema, type WelcomeSchema } from "@grpc-router/protocol";
import {
  createFakeScheduler,
  createRecordingLogger,
  createSeededRandom,
  type DuplexOptions,
  type FakeScheduler,
  type RecordingLogger,
} from "@grpc-router/testing";
import { type Bridge, createBridge } from "../bridge.js";
import type { BridgeOptions } from "../bridge-options.js";
import type { BridgeConnection, BridgePorts } from "../ports.js";
import { type EchoService, echoBridge, echoNumbers } from "./echo-service.suite.js";
import type { PeerChannel } from "./peer-channel.suite.js";
import type { CallFrame } from "./peer-frames.suite.js";
import { createRouterPeer, type RouterPeer } from "./router-peer.suite.js";

/** What a test can set. */
export interface BedOptions extends BridgeOptions {
  readonly ports?: Partial<BridgePorts>;
  /** Default: a new one. */
  readonly scheduler?: FakeScheduler;
  readonly duplex?: DuplexOptions;
  /** Limits of the router's connections. */
  readonly limits?: Partial<Limits>;
  /** What the router's Welcome says; false: none is sent. */
  readonly welcome?: MessageInitShape<typeof WelcomeSchema> | false;
  /** Seed of the random port. */
  readonly seed?: number;
}

/** Everything that a test holds in its hands. */
export interface Bed {
  readonly scheduler: FakeScheduler;
  readonly logger: RecordingLogger;
  readonly peer: RouterPeer;
  readonly connection: BridgeConnection;
  /** The first Register stream. */
  readonly channel: PeerChannel;
}

/** A registered bridge with this implementation. */
export async function registered(code: Partial<ServiceImpl<EchoService>>, options: BedOptions = {}): Promise<Bed> {
  const { ports: _ports, duplex: _duplex, limits: _limits, welcome: _welcome, seed: _seed, ...bridgeOptions } = options;
  return opened(createBridge({ id: "echo-1", ...bridgeOptions }).service(echoBridge, code), options);
}

/** A bridge at work; its first Register streams are welcomed. */
export async function opened(bridge: Pick<Bridge, "open">, options: BedOptions = {}): Promise<Bed> {
  const { scheduler = createFakeScheduler() } = options;
  const logger = createRecordingLogger();
  const peer = createRouterPeer(scheduler, options.duplex, options.limits);
  const { random, randomBytes } = createSeededRandom(options.seed ?? 1);
  const connection = bridge.open({
    scheduler,
    logger,
    random,
    randomBytes,
    incarnation: 7,
    dial: peer.dial,
    url: "http://router.test:80",
    ...options.ports,
  });
  const roundTripMs = 4 * (options.duplex?.latencyMs ?? 0);
  await scheduler.advanceSettled(roundTripMs);
  if (options.welcome !== false) for (const channel of peer.channels) channel.welcome(options.welcome);
  await scheduler.advanceSettled(roundTripMs);
  const bed = { scheduler, logger, peer, connection };
  return {
    ...bed,
    get channel() {
      const [first] = peer.channels;
      if (first === undefined) throw new Error("Cannot find a Register stream");
      return first;
    },
  };
}

/** The bytes of a text message. */
export function text(value: string): Uint8Array {
  return toBinary(StringValueSchema, create(StringValueSchema, { value }));
}

/** The text in the bytes of a message. */
export function textOf(message: Uint8Array | undefined): string | undefined {
  return message && fromBinary(StringValueSchema, message).value;
}

type Method = keyof typeof echoNumbers;

/** What a Start may say beside its method. */
export interface StartFields {
  readonly timeoutUs?: bigint;
  readonly metadata?: { readonly name: string; readonly value: Uint8Array }[];
  readonly authority?: string;
  readonly encoding?: string;
  readonly acceptEncoding?: string;
  readonly subtype?: string;
  readonly attempt?: number;
}

/** A Start, with more of it and of its head. */
export function start(
  callId: number,
  method: Method,
  more: StartFields = {},
  head: MessageInitShape<typeof CallHeadSchema> = {},
): CallFrame {
  const callStart = create(CallStartSchema, { ...more, method: echoNumbers[method] });
  return { head: { callId: BigInt(callId), start: callStart, ...head } };
}

/** A whole unary or server-streaming call in one frame. */
export function whole(callId: number, method: Method, value: string, more: StartFields = {}): CallFrame {
  return { ...start(callId, method, more, { halfClose: true }), member: [echoNumbers[method], text(value)] };
}

/** A request message of an open call. */
export function message(callId: number, method: Method, value: string, halfClose = false): CallFrame {
  return { head: { callId: BigInt(callId), halfClose }, member: [echoNumbers[method], text(value)] };
}

/** A frame of an open call without a message. */
export function head(callId: number, more: MessageInitShape<typeof CallHeadSchema>): CallFrame {
  return { head: { callId: BigInt(callId), ...more } };
}
