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

/** An implementation that does what its caller orders. */
export function createFaultService(host: FaultHost): ServiceImpl<typeof FaultService> {
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

async function collect(host: FaultHost, orders: AsyncIterable<Order>, context: HandlerContext) {
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

async function* watch(host: FaultHost, order: Order, context: HandlerContext) {
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

async function told<T>(host: FaultHost, order: Order, context: HandlerContext, run: () => Promise<T>): Promise<T> {
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
async function hold(host: FaultHost, order: Order, context: HandlerContext): Promise<void> {
  if (!order.holdOn.includes(host.id)) return;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(context.signal.reason);
  context.signal.addEventListener("abort", onAbort);
  if (context.signal.aborted) onAbort();
  await Promise.race([host.released, aborted]);
  context.signal.removeEventListener("abort", onAbort);
}

function reportOf(host: FaultHost, order: Order, context: HandlerContext, receivedBytes: number) {
  return {
    instance: host.id,
    attemptsBefore: Number(context.requestHeader.get("grpc-previous-rpc-attempts") ?? 0),
    receivedBytes: BigInt(receivedBytes),
    payload: new Uint8Array(order.reportBytes),
  };
}
