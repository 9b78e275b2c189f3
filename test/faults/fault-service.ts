// SPDX-License-Identifier: Apache-2.0
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { FaultService, Order } from "./gen/faults/v1/faults_pb.ts";

/** What a fault service tells of itself, and what ends its held calls. */
export interface FaultHost {
  /** The instance's id, as in `Order.hold_on`. */
  readonly id: string;
  /** `began NAME`, `ended NAME`, `aborted NAME REASON`. */
  say(line: string): void;
  /** Resolves when calls are held no longer. */
  readonly released: Promise<void>;
}

/** A host, and where its held calls wait. */
interface Holder extends FaultHost {
  readonly gate: Gate;
}

/** An implementation that does what its caller orders. */
export function createFaultService(faultHost: FaultHost): ServiceImpl<typeof FaultService> {
  const host: Holder = { ...faultHost, gate: new Gate(faultHost.released) };
  const run = (order: Order, context: HandlerContext) =>
    told(host, order, context, async () => {
      await hold(host, order, context);
      return reportOf(host, order, context, order.payload.length);
    });
  return {
    run,
    repeat: run,
    watch: (order, context) => watch(host, order, context),
    watchAgain: (order, context) => watch(host, order, context),
    collect: (orders, context) => collect(host, orders, context),
    async *converse(orders, context) {
      for await (const order of orders) {
        host.say(`began ${order.name}`);
        let ended = false;
        try {
          yield reportOf(host, order, context, order.payload.length);
          await hold(host, order, context);
          ended = true;
        } finally {
          host.say(ended ? `ended ${order.name}` : `aborted ${order.name} ${context.signal.reason}`);
        }
      }
    },
  };
}

async function collect(host: Holder, orders: AsyncIterable<Order>, context: HandlerContext) {
  let first: Order | undefined;
  let receivedBytes = 0;
  try {
    for await (const order of orders) {
      if (first === undefined) {
        first = order;
        host.say(`began ${order.name}`);
        await hold(host, order, context);
      }
      receivedBytes += order.payload.length;
    }
  } catch (error) {
    if (first !== undefined) host.say(`aborted ${first.name} ${context.signal.reason}`);
    throw error;
  }
  if (first !== undefined) host.say(`ended ${first.name}`);
  return { instance: host.id, receivedBytes: BigInt(receivedBytes) };
}

async function* watch(host: Holder, order: Order, context: HandlerContext) {
  host.say(`began ${order.name}`);
  try {
    const reports = Math.max(1, order.reports);
    for (let index = 0; index < reports; index++) {
      yield reportOf(host, order, context, 0);
      await hold(host, order, context);
    }
    host.say(`ended ${order.name}`);
  } finally {
    if (context.signal.aborted) host.say(`aborted ${order.name} ${context.signal.reason}`);
  }
}

async function told<T>(host: Holder, order: Order, context: HandlerContext, run: () => Promise<T>): Promise<T> {
  host.say(`began ${order.name}`);
  try {
    const result = await run();
    host.say(`ended ${order.name}`);
    return result;
  } catch (error) {
    host.say(`aborted ${order.name} ${context.signal.reason}`);
    throw error;
  }
}

/** Waits, if this instance is one that holds the call, until calls are released or the call is over. */
async function hold(host: Holder, order: Order, context: HandlerContext): Promise<void> {
  if (!order.holdOn.includes(host.id)) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(context.signal.reason);
  const leave = host.gate.wait(resolve);
  context.signal.addEventListener("abort", onAbort);
  if (context.signal.aborted) onAbort();
  try {
    await promise;
  } finally {
    leave();
    context.signal.removeEventListener("abort", onAbort);
  }
}

/** Where calls wait for a promise: each leaves nothing behind, as a race with the promise itself would, once for each call. */
class Gate {
  readonly #waiting = new Set<() => void>();
  #isOpen = false;

  constructor(opens: Promise<void>) {
    void opens.then(() => {
      this.#isOpen = true;
      for (const pass of this.#waiting) pass();
    });
  }

  /** Calls `pass` when the gate is open; the result takes it back. */
  wait(pass: () => void): () => void {
    if (this.#isOpen) pass();
    this.#waiting.add(pass);
    return () => void this.#waiting.delete(pass);
  }
}

function reportOf(host: Holder, order: Order, context: HandlerContext, receivedBytes: number) {
  return {
    instance: host.id,
    attemptsBefore: Number(context.requestHeader.get("grpc-previous-rpc-attempts") ?? 0),
    receivedBytes: BigInt(receivedBytes),
    payload: new Uint8Array(order.reportBytes),
  };
}
