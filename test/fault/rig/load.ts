// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from "@grpc-router/testing";
import { methods } from "../ledger/records.ts";
import type { CallOrder } from "../processes/command.ts";
import { type ClientName, clientNames, type Fleet } from "./fleet.ts";

/** How calls come beside those of the scenario. */
export interface LoadOptions {
  /** Calls a second, of both clients together. Default 40. */
  readonly perSecond?: number;
  /** They wait for an instance and for a connection. Default false. */
  readonly patient?: boolean;
  /** No message above a few hundred bytes. Default false. */
  readonly isSmall?: boolean;
}

/** No call of the load may take longer, in milliseconds: most end within a few. */
const longDeadlineMs = 60_000;
const largestBytes = 1 << 20;

/** Calls of all kinds and sizes, drawn from a seed: short and long, with deadlines and cancels, small and large. */
export class Load {
  readonly calls: string[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(fleet: Fleet, random: SeededRandom, options: LoadOptions = {}) {
    const { perSecond = 40 } = options;
    const clients = clientNames.filter((name) => fleet.clients.has(name));
    this.#timer = setInterval(() => {
      const client: ClientName = clients[random.integer(clients.length)] ?? "node";
      this.calls.push(fleet.call(client, drawOrder(random, options)));
    }, 1_000 / perSecond);
  }

  /** Begins no more calls. */
  stop(): void {
    clearInterval(this.#timer);
  }
}

function drawOrder(random: SeededRandom, { patient = false, isSmall = false }: LoadOptions) {
  const method = methods[random.integer(methods.length)] ?? "Unary";
  const small = { bytes: random.integer(300), replyBytes: random.integer(300) };
  const order = { method, patient, deadlineMs: longDeadlineMs, ...small } satisfies Partial<CallOrder>;
  const several = {
    messages: /^(ClientStream|Bidi)/.test(method) ? 1 + random.integer(8) : 1,
    replies: random.integer(9),
  };
  const kind = random.random();
  if (kind < 0.5) return { ...order, ...several, workMs: random.integer(10) };
  if (kind < 0.7) return { ...order, ...several, workMs: random.integer(300) };
  if (kind < 0.8) return { ...order, ...several, workMs: random.integer(100), deadlineMs: 20 + random.integer(300) };
  if (kind < 0.9) return { ...order, ...several, workMs: random.integer(100), cancelAfterMs: 1 + random.integer(200) };
  if (isSmall) return { ...order, ...several };
  const bytes = random.integer(largestBytes);
  return random.random() < 0.5
    ? { ...order, messages: 1, bytes }
    : { ...order, messages: 1, replies: 1, replyBytes: bytes };
}
