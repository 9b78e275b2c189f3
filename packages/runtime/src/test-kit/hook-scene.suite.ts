// SPDX-License-Identifier: Apache-2.0
import { gunzipSync, gzipSync } from "node:zlib";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { INITIAL_CREDIT } from "@grpc-router/protocol";
import type { SeededRandom, TestCall } from "@grpc-router/testing";
import { afterEach, expect } from "vitest";
import type { Balancer } from "../balance/balancer.js";
import { CallRecord } from "../forward/call-record.js";
import type { AnyHooks } from "../intercept/message-hook.js";
import { inOrder } from "./policy-scene.suite.js";
import type { RawInstance, ReplyFrame } from "./raw-instance.suite.js";
import { TestRouter, type TestRouterOptions } from "./test-router.suite.js";
import { type MethodName, numbers, pathOf, testServiceRouter } from "./test-service.suite.js";

const desc = testServiceRouter();
const type = desc.service.methods[0]?.input;
if (type === undefined) throw new Error("Cannot test hooks: the service must have a method");

/** The only message of the test service. */
export interface DataMessage extends Message {
  readonly data: Uint8Array;
}

/** A message with this content. */
export function messageOf(data: Uint8Array): DataMessage {
  return create(type as never, { data } as never) as DataMessage;
}

export function encode(data: Uint8Array): Uint8Array {
  return toBinary(type as never, messageOf(data) as never);
}

/** What is in an encoded message. */
export function decode(bytes: Uint8Array): Uint8Array {
  return (fromBinary(type as never, bytes) as unknown as DataMessage).data;
}

/** How a message is put on the wire. */
export interface Wire {
  readonly compressed: boolean;
  readonly bytes: Uint8Array;
}

export function wireOf(data: Uint8Array, compressed: boolean): Wire {
  const bytes = encode(data);
  return { compressed, bytes: compressed ? new Uint8Array(gzipSync(bytes)) : bytes };
}

/** What `wireOf` was made of. */
export function dataOf({ bytes, compressed }: Wire): Uint8Array {
  return decode(compressed ? new Uint8Array(gunzipSync(bytes)) : bytes);
}

function inflate(bytes: Uint8Array, maxOutputLength: number): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A hook that answers when it is told to. */
export function createPatient() {
  const waiting: { resolve(value?: unknown): void; reject(error: unknown): void }[] = [];
  const hook = () => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.push({ resolve, reject });
    return promise;
  };
  return { hook, waiting };
}

/** Settings of a scene, beside those of its router. */
export interface HookSceneOptions extends TestRouterOptions {
  readonly hooks: AnyHooks;
  readonly method: MethodName;
  /** Pieces in which bytes come over the network, at most so long. */
  readonly random?: SeededRandom;
  readonly maxChunkBytes?: number;
  readonly balance?: Balancer;
  readonly initialWindowBytes?: number;
}

/** A router with hooks on one method, one instance of bare frames, and a client. */
export class HookScene {
  readonly router: TestRouter;
  readonly instance: RawInstance & { readonly peer: { readonly duplex: { reset(): void } } };
  readonly method: MethodName;
  readonly client;
  /** Records of calls as balancers saw them. */
  readonly records: CallRecord[] = [];

  constructor({ hooks, method, random, maxChunkBytes, initialWindowBytes, settings, ...options }: HookSceneOptions) {
    const name = method.charAt(0).toLowerCase() + method.slice(1);
    const { records } = this;
    const balance: Balancer = {
      name: "watching",
      pick(candidates, call, random01) {
        if (call instanceof CallRecord && !records.includes(call)) records.push(call);
        return inOrder.pick(candidates, call, random01);
      },
    };
    const methods = { [name]: { ...settings?.methods?.[name], ...hooks } };
    this.router = new TestRouter({
      inflate,
      ...options,
      settings: { ...settings, balance, methods } as never,
    });
    this.method = method;
    this.instance = this.router.instance();
    const network = random === undefined ? {} : { random, maxChunkBytes };
    const window = initialWindowBytes === undefined ? {} : { initialWindowBytes };
    this.client = this.router.connect({ ...network, ...window } as never).client;
  }

  /** Begins a call; requests of it may be gzip. */
  start(options: { readonly timeout?: string; readonly metadata?: [string, string][] } = {}): TestCall {
    const { metadata = [], ...rest } = options;
    return this.client.start(pathOf(this.method), { metadata: [["grpc-encoding", "gzip"], ...metadata], ...rest });
  }

  settle(): Promise<void> {
    return this.router.scheduler.settle();
  }

  /** The instance answers with the Header that says gzip. */
  header(callId = 1): void {
    this.instance.send({ head: { callId: BigInt(callId), header: { encoding: "gzip" } } });
  }

  /** The instance sends a message, in slices of at most `sliceBytes` unless it is plain and fits the member. */
  respond(wire: Wire, sliceBytes = 16_384, callId = 1): void {
    for (const frame of this.framesOf(wire, sliceBytes, callId)) this.instance.send(frame);
  }

  /** The frames of that. */
  framesOf({ bytes, compressed }: Wire, sliceBytes = 16_384, callId = 1): ReplyFrame[] {
    const head = { callId: BigInt(callId) };
    if (!compressed && bytes.length <= sliceBytes) return [{ head, member: [numbers[this.method], bytes] }];
    return Array.from({ length: Math.ceil(bytes.length / sliceBytes) }, (_, index) => {
      const data = bytes.subarray(index * sliceBytes, (index + 1) * sliceBytes);
      return { head, fragment: { remaining: bytes.length - index * sliceBytes - data.length, compressed, data } };
    });
  }

  /** Messages that the instance has got for a call, put together. */
  requests(callId = 1): Wire[] {
    const wires: Wire[] = [];
    let parts: Uint8Array[] = [];
    for (const frame of this.instance.frames) {
      if (frame.callId !== callId || frame.payloadNumber === 0) continue;
      parts.push(frame.payload);
      if (frame.remaining > 0) continue;
      const isFragment = frame.payloadNumber === 2;
      wires.push({ compressed: isFragment && frame.compressed, bytes: new Uint8Array(Buffer.concat(parts)) });
      parts = [];
    }
    return wires;
  }

  /** Whether the instance has heard that the request is whole. */
  halfClosed(callId = 1): boolean {
    return this.instance.frames.some((frame) => frame.callId === callId && frame.halfClose);
  }

  /** Returns all credit of a call's request, as an instance that reads. */
  credit(amount: number, callId = 1): void {
    this.instance.send({ head: { callId: BigInt(callId), credit: amount } });
  }

  /** Octets of the request whose window the client does not have back. */
  heldWindow(index = 0): number {
    // The engine's own record of the stream, which says what was not consumed.
    const stream = this.records[index]?.stream as unknown as
      | { readonly receive: { readonly held: number } }
      | undefined;
    return stream?.receive.held ?? Number.NaN;
  }

  /** Credit of the reply that the instance does not have, or will not get by itself: exactly none when nothing waits. */
  missingCredit(index = 0): number {
    const call = this.records[index];
    if (call === undefined) return Number.NaN;
    return INITIAL_CREDIT - call.replyCredit - call.creditPending - call.replyOwed;
  }

  /** Octets that are kept for clients, and slots that are taken. */
  get leaks(): readonly number[] {
    const kept = this.router.core.usage().reduce((sum, { keptBytes }) => sum + keptBytes, 0);
    return [
      kept,
      this.router.core.heldCalls,
      this.router.core.instances().reduce((sum, one) => sum + one.openCalls, 0),
    ];
  }
}

/** Makes scenes, of which nothing may be left of any call when their test is over. */
export function createHookScenes(): (options: HookSceneOptions) => HookScene {
  const scenes: HookScene[] = [];
  afterEach(async () => {
    for (const scene of scenes.splice(0)) {
      await scene.settle();
      expect(scene.leaks).toEqual([0, 0, 0]);
    }
  });
  return (options) => {
    const scene = new HookScene(options);
    scenes.push(scene);
    return scene;
  };
}
