// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { stockServiceBridge } from "./gen/acme/stock/v1/stock_bridge.js";
import { type GetLevelRequest, type GetLevelResponse, GetLevelResponseSchema } from "./gen/acme/stock/v1/stock_pb.js";

/** How an instance behaves. */
export interface Behaviour {
  readonly id: string;
  /** What is wrong with it, for people. */
  readonly fault: string;
  /** Milliseconds that a call takes. */
  readonly workMs: number;
  /** Share of calls that fail as UNAVAILABLE. */
  readonly failing?: number;
  /** It stands still for the first part of each period, in milliseconds. */
  readonly pause?: { readonly everyMs: number; readonly forMs: number };
}

export const fleet: readonly Behaviour[] = [
  { id: "stock-1", fault: "none", workMs: 5 },
  { id: "stock-2", fault: "none", workMs: 5 },
  { id: "stock-3", fault: "20 times slower", workMs: 100 },
  { id: "stock-4", fault: "fails a third", workMs: 3, failing: 0.33 },
  { id: "stock-5", fault: "stands still at times", workMs: 5, pause: { everyMs: 5_000, forMs: 1_500 } },
];

const logger = createConsoleLogger({ level: "error" });

/** Starts an instance that serves all these routers. */
export async function startInstance(
  behaviour: Behaviour,
  routers: readonly string[],
): Promise<{ stop(): Promise<void> }> {
  const bridge = createBridge({ id: behaviour.id }).service(stockServiceBridge, {
    getLevel: (request) => answer(behaviour, request),
  });
  const connections = routers.map((url) => dialRouter(bridge, { url, logger }));
  await Promise.all(connections.map(({ ready }) => ready));
  return {
    async stop() {
      await Promise.all(connections.map((connection) => connection.drain({ timeoutMs: 500 })));
    },
  };
}

async function answer(
  { id, workMs, failing = 0, pause }: Behaviour,
  request: GetLevelRequest,
): Promise<GetLevelResponse> {
  await sleep(workMs + (pause === undefined ? 0 : Math.max(0, pause.forMs - (Date.now() % pause.everyMs))));
  if (Math.random() < failing) throw new ConnectError(`${id} has lost its database`, Code.Unavailable);
  return create(GetLevelResponseSchema, { level: request.item.length, servedBy: id });
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
