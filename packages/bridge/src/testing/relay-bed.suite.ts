// SPDX-License-Identifier: Apache-2.0
// A relay between a router peer and a target peer on virtual time, and short words for the frames of its calls.

import { create } from "@bufbuild/protobuf";
import type { Limits } from "@grpc-router/http2";
import { CallStartSchema, methodNumber } from "@grpc-router/protocol";
import { createFakeScheduler, type FakeScheduler } from "@grpc-router/testing";
import { createRelay, type RelayOptions } from "../relay/create-relay.js";
import { type Bed, type BedOptions, opened, type StartFields } from "./bridge-bed.suite.js";
import { echoService } from "./echo-service.suite.js";
import type { CallFrame } from "./peer-frames.suite.js";
import { createTargetPeer, type TargetPeer, type TargetPeerOptions } from "./target-peer.suite.js";

/** What a test can set. */
export interface RelayBedOptions extends Omit<BedOptions, "scheduler" | "interceptors"> {
  readonly target?: TargetPeerOptions;
  readonly services?: RelayOptions["services"];
  /** Limits on the relay's side of connections to the target. */
  readonly targetLimits?: Partial<Limits>;
  /** Done to the target before it is dialled. */
  readonly prepare?: (target: TargetPeer, scheduler: FakeScheduler) => void;
}

/** A bed with the server behind it. */
export interface RelayBed extends Bed {
  readonly target: TargetPeer;
}

/** A relay of EchoService, registered and connected. */
export async function relayed(options: RelayBedOptions = {}): Promise<RelayBed> {
  const scheduler = createFakeScheduler();
  const target = createTargetPeer(scheduler, options.target);
  options.prepare?.(target, scheduler);
  const { target: _target, services = [echoService], prepare: _prepare, ...bedOptions } = options;
  const {
    ports: _ports,
    duplex: _duplex,
    limits: _limits,
    welcome: _welcome,
    seed: _seed,
    ...bridgeOptions
  } = bedOptions;
  const relay = createRelay({
    id: "relay-1",
    ...bridgeOptions,
    services,
    target: { url: "http://target.test:80", dial: target.dial, limits: options.targetLimits ?? {} },
  });
  const latencyMs = options.target?.duplex?.latencyMs ?? 0;
  const bed = await opened(relay, { ...bedOptions, scheduler, ...(latencyMs > 0 && { welcome: false }) });
  if (latencyMs > 0) {
    // The router is dialled only when the target has been asked for its health.
    await scheduler.advanceSettled(8 * latencyMs);
    for (const channel of bed.peer.channels) channel.welcome(options.welcome || {});
    await scheduler.settle();
  }
  // The bed itself, not a copy: its channel is looked up when a test asks.
  return Object.assign(bed, { target });
}

/** A method of EchoService. */
export type EchoMethod = "Say" | "List" | "Join" | "Chat" | "Blob";

/** A Start, with more of it and of its head. */
export function relayStart(callId: number, method: EchoMethod, more: StartFields = {}, halfClose = false): CallFrame {
  const start = create(CallStartSchema, { ...more, method: methodNumber(method) });
  return { head: { callId: BigInt(callId), start, halfClose } };
}

/** A whole call with one message in one frame. */
export function relayWhole(callId: number, method: EchoMethod, data: Uint8Array, more: StartFields = {}): CallFrame {
  return { ...relayStart(callId, method, more, true), fragment: { remaining: 0, data } };
}

/** A slice of a message. */
export function slice(callId: number, data: Uint8Array, remaining = 0, compressed = false): CallFrame {
  return { head: { callId: BigInt(callId) }, fragment: { remaining, compressed, data } };
}

/** `size` octets that tell where they stand. */
export function octets(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + seed) & 0xff);
}

/** A bed with one open call, which the target has. */
export async function withCall(method: EchoMethod = "Chat", options: RelayBedOptions = {}): Promise<RelayBed> {
  const bed = await relayed(options);
  bed.channel.send(relayStart(1, method));
  await bed.scheduler.settle();
  return bed;
}
