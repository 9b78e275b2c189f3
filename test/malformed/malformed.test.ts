// SPDX-License-Identifier: Apache-2.0
// Every vector for servers of packages/http2/vectors/malformed.json against the real router with an instance behind it,
// by a peer that shares no code with the engine.
import { createBridge, dialRouter } from "@grpc-router/node";
import {
  encodeMalformedFrames,
  loadMalformedVectors,
  type MalformedVector,
  malformedCodes,
  RawType,
  rawData,
  rawHeaders,
  rawLiterals,
  rawMessage,
  rawPreface,
  rawSettings,
  rawSettingsAck,
  requestFields,
} from "@grpc-router/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../harness/in-process.ts";
import { connectRawSocket, type RawSocket } from "../harness/raw-socket.ts";
import { type RouterProcess, startRouter } from "../harness/stack.ts";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";

const vectors = loadMalformedVectors().filter(({ role }) => role === "server");
const path = "/grpc.testing.TestService/EmptyCall";

let router: RouterProcess;
let instance: ReturnType<typeof dialRouter>;
/** What the instance was called with: "honest", or "?" for the call of a vector. */
const seen: string[] = [];

beforeAll(async () => {
  router = await startRouter();
  const bridge = createBridge({ id: "test-1" }).service(testServiceBridge, {
    emptyCall(_request, { requestHeader }) {
      seen.push(requestHeader.get("x-caller") ?? "?");
      return {};
    },
  });
  instance = dialRouter(bridge, { url: router.url, logger: createLog() });
  await instance.ready;
});
afterAll(async () => {
  instance?.close();
  await router?.stop();
});

async function connectClient(): Promise<RawSocket> {
  const peer = await connectRawSocket(router);
  peer.send(rawPreface, rawSettings(), rawSettingsAck);
  await peer.until(() => peer.framesOf(RawType.settings).length > 1, "SETTINGS and their acknowledgement");
  return peer;
}

/** A call that must be answered: the connection lives, and whatever went to the instance before it has arrived there. */
async function callHonestly(peer: RawSocket, streamId: number): Promise<void> {
  const block = rawLiterals(requestFields(path, [["x-caller", "honest"]]));
  peer.send(rawHeaders(streamId, block), rawData(streamId, rawMessage([]), true));
  await peer.until(() => peer.hasEnded(streamId) || peer.over !== undefined, "an answer");
  expect(peer.blocksOf(streamId).at(-1)).toContainEqual(["grpc-status", "0"]);
}

async function judge(vector: MalformedVector): Promise<void> {
  seen.length = 0;
  const peer = await connectClient();
  peer.send(encodeMalformedFrames(vector));
  const code = vector.code && malformedCodes[vector.code];
  const lives = await peer.pingAnswered();
  if (vector.reaction === "connection") {
    await peer.until(() => peer.over !== undefined, "the end of the connection");
    expect({ lives, goaway: peer.goawayCode }).toEqual({ lives: false, goaway: code });
    return;
  }
  if (vector.reaction === "accept") {
    await peer.until(() => peer.hasEnded(1), "an answer");
    expect([undefined, 0]).toContain(peer.resetCode(1));
    const isOk = peer
      .blocksOf(1)
      .some((block) => block.some(([name, value]) => name === "grpc-status" && value === "0"));
    expect(seen).toEqual(isOk ? ["?"] : []);
  } else {
    expect(peer.resetCode(1)).toBe(code);
    expect(peer.blocksOf(1)).toEqual([]);
  }
  expect({ lives, goaway: peer.goawayCode }).toEqual({ lives: true, goaway: undefined });
  await callHonestly(peer, 3);
  peer.close();
  if (vector.reaction === "stream") expect(seen).toEqual(["honest"]);
}

describe("the router and malformed requests", () => {
  test.each(vectors)("RFC 9113 $section: $name: $reaction", judge);

  test("has lived through all of it, with its instance", async () => {
    const peer = await connectClient();
    await callHonestly(peer, 1);
    peer.close();
  });
});
