// SPDX-License-Identifier: Apache-2.0
// What router and instance owe each other when bytes have to wait, each as a process before a peer that shows every frame:
// calls take turns of 16 KiB, control goes ahead of data, and who spends more than its credit loses the channel.
import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { type CallHead, Method_Kind, type ReplyHead } from "@grpc-router/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { OrderSchema } from "../faults/gen/faults/v1/faults_pb.ts";
import type { Running } from "../harness/processes.ts";
import { createRawClient, framed } from "../harness/raw-call.ts";
import { startInstance, startRouter } from "../harness/stack.ts";
import { type InstanceEnd, listenRaw, type RouterEnd, registerRaw, type SeenFrame } from "./raw-channel.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const service = "faults.v1.FaultService";
const registerPath = `/grpcrouter.channel.${service}Channel/Register`;
/** In the generated code of the service. */
const numbers = { run: 51_882, watch: 243_720, collect: 88_689 };
/** A turn, and one payload that began in it. */
const TURN_BYTES = 2 * 16_384 + 64;
/** What may have been under way before anything waited: an HTTP/2 window, and what is written ahead of the transport. */
const AHEAD_BYTES = 65_535 + 64 * KIB + TURN_BYTES;
/** Time to fill up what takes bytes. */
const FILL_MS = 500;

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function stopLater(running: Running): void {
  stops.push(() => running.stop());
}

/** Octets of one call in a row, at most, of the data of `ids` in `frames`. */
function longestRun(frames: readonly SeenFrame<CallHead | ReplyHead>[], ids: readonly bigint[]): number {
  let run = 0;
  let longest = 0;
  let id: bigint | undefined;
  for (const { head, payloadBytes } of frames) {
    if (payloadBytes === 0 || !ids.includes(head.callId)) continue;
    run = head.callId === id ? run + payloadBytes : payloadBytes;
    id = head.callId;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** The frames behind the first `skip` octets of payloads, `length` octets of them. */
function part<Head>(frames: readonly SeenFrame<Head>[], skip: number, length: number): readonly SeenFrame<Head>[] {
  let before = 0;
  const found = frames.filter(({ payloadBytes }) => {
    before += payloadBytes;
    return before > skip && before - payloadBytes < skip + length;
  });
  expect(before).toBeGreaterThan(skip + length);
  return found;
}

/** Octets of payloads before a frame. */
function dataBefore({ frames }: InstanceEnd | RouterEnd, frame: SeenFrame<unknown>): number {
  const seen: readonly SeenFrame<unknown>[] = frames;
  return seen.slice(0, seen.indexOf(frame)).reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
}

describe("a router whose instance does not read for a while", () => {
  test("lets two uploads take turns of 16 KiB, and tells a Cancel before their data", {
    timeout: 30_000,
  }, async () => {
    const router = await startRouter({ maxRequestBytes: 8 * MIB });
    stopLater(router);
    const methods = [
      { name: "Collect", number: numbers.collect, typed: true, kind: Method_Kind.CLIENT_STREAMING },
      { name: "Run", number: numbers.run, typed: true, kind: Method_Kind.UNARY },
    ];
    const hello = { service, instanceId: "raw", initialCredit: 16 * MIB, methods };
    const { channel, session } = await registerRaw(router.url, registerPath, hello);
    stops.push(() => session.destroy());
    const clients = [createRawClient(router.url), createRawClient(router.url), createRawClient(router.url)];
    stops.push(() => clients.forEach((client) => void client.close()));
    const [one, other, third] = clients;
    // It is there before anything waits.
    const cancelled = third?.start(`/${service}/Collect`, { end: false });
    await channel.until(({ head }) => head.callId === 1n);
    channel.pause();
    const body = framed(toBinary(OrderSchema, create(OrderSchema, { payload: new Uint8Array(4 * MIB) })));
    // The first fills all that takes bytes; then each of them waits with what its window lets come, which is 64 KiB.
    for (const client of [one, other]) {
      client?.start(`/${service}/Collect`, { body });
      await sleep(FILL_MS);
    }
    cancelled?.stream.close(8);
    await sleep(FILL_MS);
    channel.resume();
    const cancel = await channel.until(({ head }) => head.callId === 1n && head.cancel !== undefined);
    expect(dataBefore(channel, cancel)).toBeLessThan(AHEAD_BYTES);
    const ends = [2n, 3n].map((id) => channel.until(({ head }) => head.callId === id && head.halfClose));
    await Promise.all(ends);
    const { frames } = channel;
    const first = frames.find(({ head, payloadBytes }) => head.callId === 3n && payloadBytes > 0);
    if (first === undefined) throw new Error("the second upload has no data");
    const both = part(frames, dataBefore(channel, first), 96 * KIB);
    expect(longestRun(both, [2n, 3n])).toBeLessThanOrEqual(TURN_BYTES);
  });
});

describe("an instance whose router", () => {
  async function startRaw(replyCredit: number): Promise<{ channel: RouterEnd; instance: Running }> {
    const router = await listenRaw(replyCredit);
    const instance = await startInstance({ url: router.url, services: ["faults"], id: "held" });
    stopLater(instance);
    stops.push(() => router.close());
    return { channel: await router.channel, instance };
  }

  function startCall(channel: RouterEnd, callId: bigint, method: "watch" | "collect", order: object): void {
    const payload = toBinary(OrderSchema, create(OrderSchema, order));
    const head = { callId, start: { method: numbers[method] }, halfClose: method === "watch" };
    channel.send({ head, payload: [numbers[method], payload] });
  }

  test("does not read for a while lets two streams take turns of 16 KiB, and a Pong go first", async () => {
    const { channel } = await startRaw(16 * MIB);
    channel.pause();
    const order = { reports: 1, reportBytes: 3 * MIB }; // one message, so that there is always more of it
    startCall(channel, 1n, "watch", { name: "one", ...order });
    startCall(channel, 2n, "watch", { name: "two", ...order });
    await sleep(FILL_MS);
    channel.send({ head: { callId: 0n, control: { kind: { case: "ping", value: { token: 5n } } } } });
    await sleep(FILL_MS);
    channel.resume();
    const pong = await channel.until(({ head }) => head.control?.kind.case === "pong");
    expect(dataBefore(channel, pong)).toBeLessThan(AHEAD_BYTES);
    await Promise.all([1n, 2n].map((id) => channel.until(({ head }) => head.callId === id && head.end !== undefined)));
    const both = part(channel.frames, AHEAD_BYTES, 2 * MIB);
    expect(longestRun(both, [1n, 2n])).toBeLessThanOrEqual(TURN_BYTES);
  });

  test("spends more than its credit closes the channel with CREDIT_EXCEEDED", async () => {
    const { channel, instance } = await startRaw(MIB);
    startCall(channel, 1n, "collect", { name: "held", holdOn: ["held"] });
    await instance.untilLine(/^began held$/);
    const payload = toBinary(OrderSchema, create(OrderSchema, { payload: new Uint8Array(16_000) }));
    for (let count = 0; count < 8; count++) channel.send({ head: { callId: 1n }, payload: [numbers.collect, payload] });
    const close = await channel.until(({ head }) => head.control?.kind.case === "close");
    expect(close.head.control?.kind.value).toMatchObject({ reason: "CREDIT_EXCEEDED" });
    await instance.untilLine(/CREDIT_EXCEEDED/);
    await instance.untilLine(/^aborted held/);
  });
});
