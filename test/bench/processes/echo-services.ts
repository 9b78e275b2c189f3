// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from "node:timers/promises";
import type { ServiceImpl } from "@connectrpc/connect";
import type { EchoService } from "../gen/bench/v1/echo_pb.ts";
import type { StreamService } from "../gen/bench/v1/stream_pb.ts";

/** Echo as a user would write it. */
export const echoService: ServiceImpl<typeof EchoService> = {
  echo: (request) => ({ payload: request.payload }),
};

/** The next turn of the event loop, one promise for all streams that wait for it. */
let turn: Promise<void> | undefined;

export const streamService: ServiceImpl<typeof StreamService> = {
  async *watch({ messages, payloadBytes, thin }) {
    const message = { payload: new Uint8Array(payloadBytes).fill(0x78) };
    for (let index = 0; index < messages; index++) {
      if (thin) await nextTurn();
      yield message;
    }
  },
  async collect(requests) {
    for await (const _ of requests);
    return {};
  },
  async *converse(requests) {
    for await (const { payload } of requests) yield { payload };
  },
  hold: (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
};

function nextTurn(): Promise<void> {
  turn ??= setImmediate().then(() => {
    turn = undefined;
  });
  return turn;
}
