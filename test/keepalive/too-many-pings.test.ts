// SPDX-License-Identifier: Apache-2.0
// What a router makes of PINGs (gRFC A8): those of peers that ask too often, and those it sends itself.

import * as grpc from "@grpc/grpc-js";
import {
  RawType,
  rawHeaders,
  rawLiterals,
  rawPreface,
  rawSettings,
  rawSettingsAck,
  requestFields,
} from "@grpc-router/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import { connectRawSocket, type RawSocket } from "../harness/raw-socket.ts";
import { type RouterProcess, type RouterProcessOptions, startInstance, startRouter } from "../harness/stack.ts";

const toStop: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((one) => one.stop()));
});

async function start(keepalive: NonNullable<RouterProcessOptions["connections"]>["keepalive"] = {}) {
  const router = await startRouter({ connections: { keepalive } });
  toStop.push(router);
  return router;
}

async function connect(router: RouterProcess): Promise<RawSocket> {
  const peer = await connectRawSocket(router);
  toStop.push({ stop: async () => peer.close() });
  peer.send(rawPreface, rawSettings(), rawSettingsAck);
  return peer;
}

/** The last GOAWAY: code and debug data. */
function lastWords(peer: RawSocket): string {
  const debug = peer.framesOf(RawType.goaway).at(-1)?.payload.subarray(8) ?? new Uint8Array();
  return `${peer.goawayCode} ${Buffer.from(debug).toString()}`;
}

describe("PINGs of a peer", () => {
  test("that come too soon end the connection at the third strike, with too_many_pings", async () => {
    const peer = await connect(await start());
    for (let n = 0; n < 3; n++) expect(await peer.pingAnswered()).toBe(true);
    expect(await peer.pingAnswered()).toBe(false);
    expect(lastWords(peer)).toBe("11 too_many_pings");
  });

  test("that come too soon end it also while a call is open, and the call with it", async () => {
    const router = await start();
    const instance = await startInstance({ url: router.url, services: ["faults"], id: "one" });
    toStop.push(instance);
    const peer = await connect(router);
    peer.send(rawHeaders(1, rawLiterals(requestFields("/faults.v1.FaultService/Converse"))));
    for (let n = 0; n < 3; n++) expect(await peer.pingAnswered()).toBe(true);
    expect(await peer.pingAnswered()).toBe(false);
    expect(lastWords(peer)).toBe("11 too_many_pings");
  });

  test("are answered as often as they come where that is allowed", async () => {
    const peer = await connect(await start({ minPingIntervalMs: 0, permitWithoutCalls: true }));
    for (let n = 0; n < 50; n++) expect(await peer.pingAnswered()).toBe(true);
    expect(peer.over).toBeUndefined();
  });

  test("behind each answer of a call, as those of bandwidth estimators, are no strike", async () => {
    const router = await start();
    toStop.push(await startInstance({ url: router.url, services: ["faults"], id: "one" }));
    const peer = await connect(router);
    for (let n = 0; n < 20; n++) {
      const id = 2 * n + 1;
      // A unary call without a message: the router or the bridge answers it at once.
      peer.send(rawHeaders(id, rawLiterals(requestFields("/faults.v1.FaultService/Run")), true));
      await peer.until(() => peer.hasEnded(id), "an answer");
      expect(await peer.pingAnswered()).toBe(true);
    }
  });
});

describe("PINGs of the router", () => {
  test("find a peer that is gone, and leave one alone that answers", async () => {
    const router = await start({ timeMs: 1_000, timeoutMs: 1_000 });
    const silent = await connect(router);
    const honest = createFaultClient(router.address);
    toStop.push(await startInstance({ url: router.url, services: ["faults"], id: "one" }));
    const open = honest.converse({ name: "long" });
    // Three looks a second apart: asked, waited, given up.
    await silent.until(() => silent.over !== undefined, "the end");
    const [ping] = silent.framesOf(RawType.ping);
    expect(Buffer.from(ping?.payload ?? []).toString()).toBe("is alive");
    open.end();
    expect((await open.outcome).code).toBe(grpc.status.OK);
    honest.close();
  });
});
