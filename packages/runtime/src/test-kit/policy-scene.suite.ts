// SPDX-License-Identifier: Apache-2.0
import type { TestCall, TestClient } from "@grpc-router/testing";
import { type Balancer, canTake } from "../balance/balancer.js";
import type { ServiceSettings } from "../registry/settings.js";
import type { CallFrame, RawInstance } from "./raw-instance.suite.js";
import { TestRouter, type TestRouterOptions } from "./test-router.suite.js";
import { type MethodName, pathOf } from "./test-service.suite.js";
import { bytes } from "./text.suite.js";

/** Picks the first that can take the call, in order of registration; one that was tried already only if no other can. */
export const inOrder: Balancer = {
  name: "in_order",
  pick: ({ list }, call) =>
    list.find((candidate) => canTake(candidate, call) && !call.avoids(candidate)) ??
    list.find((candidate) => canTake(candidate, call)),
};

type Peer = RawInstance & { readonly peer: { readonly duplex: { reset(): void } } };

/** A router under policies, a client, and instances of bare frames that get calls in their order. */
export class PolicyScene {
  readonly router: TestRouter;
  readonly client: TestClient;
  readonly instances: Peer[] = [];

  constructor(settings: ServiceSettings, options: TestRouterOptions & { readonly count?: number } = {}) {
    const { count = 2, ...routerOptions } = options;
    this.router = new TestRouter({ settings: { balance: inOrder, ...settings }, ...routerOptions });
    this.client = this.router.connect().client;
    for (let index = 0; index < count; index++) this.add();
    this.router.run();
  }

  add(): Peer {
    const number = this.instances.length + 1;
    const identity = { instanceId: `i${number}`, processKey: new Uint8Array(16).fill(number) };
    const instance = this.router.instance(identity);
    this.instances.push(instance);
    return instance;
  }

  /** The instance with this number, the first 0. */
  at(index: number): Peer {
    const instance = this.instances[index];
    if (instance === undefined) throw new Error(`Cannot find instance ${index}: there are ${this.instances.length}`);
    return instance;
  }

  /** A call of one message. */
  call(method: MethodName = "Get", options: Parameters<TestClient["unary"]>[2] = {}): TestCall {
    const call = this.client.unary(pathOf(method), bytes("question"), options);
    this.router.run();
    return call;
  }

  /** How many calls each instance has got. */
  get spread(): readonly number[] {
    return this.instances.map((instance) => starts(instance).length);
  }

  /** The last call of an instance. */
  last(index: number): CallFrame {
    const frame = starts(this.at(index)).at(-1);
    if (frame === undefined) throw new Error(`Cannot find a call: instance ${index} has none`);
    return frame;
  }

  /** The instance ends its last call with `code`. */
  fail(index: number, code = 14, trailers: readonly (readonly [name: string, value: string])[] = []): void {
    const metadata = trailers.map(([name, value]) => ({ name, value: bytes(value) }));
    this.at(index).end(this.last(index).callId, { code, trailers: metadata });
    this.router.run();
  }

  /** The instance answers its last call. */
  answer(index: number, text = "answer"): void {
    this.at(index).reply(this.last(index).callId, "Get", bytes(text));
    this.router.run();
  }

  /** Modes of the Cancels that an instance got, for its calls in their order. */
  cancels(index: number): readonly number[] {
    return this.at(index).calls.flatMap(({ cancel }) => (cancel < 0 ? [] : [cancel]));
  }

  pass(milliseconds: number): void {
    this.router.scheduler.advance(milliseconds);
    this.router.run();
  }

  /** Nothing is left that a call has taken. */
  get openCalls(): number {
    return this.router.core.instances().reduce((sum, { openCalls }) => sum + openCalls, 0);
  }
}

/** The frames that began a call at an instance. */
export function starts(instance: RawInstance): readonly CallFrame[] {
  return instance.calls.filter(({ start }) => start !== undefined);
}
