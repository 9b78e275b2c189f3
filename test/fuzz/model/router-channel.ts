// SPDX-License-Identifier: Apache-2.0
import { reasons } from "@grpc-router/protocol";
import { createSeededRandom, rawMessage, type TestCall, type TestClient } from "@grpc-router/testing";
import type { RawInstance, ReplyFrame } from "../../../packages/runtime/src/test-kit/raw-instance.suite.ts";
import { TestRouter } from "../../../packages/runtime/src/test-kit/test-router.suite.ts";
import { kinds, type MethodName, numbers, pathOf } from "../../../packages/runtime/src/test-kit/test-service.suite.ts";
import type { ByteSource } from "./byte-source.ts";
import { ensure } from "./ensure.ts";

/** Small numbers, so that frames of inputs hit members by chance. */
const methodNames: readonly MethodName[] = ["Get", "Read", "Watch", "Collect", "Chat"];
const methods = methodNames.map((name) => ({ name, number: numbers[name], typed: true, kind: kinds[name] }));
const payloads = [0, 1, 30, 2_000, 16_384].map((size) => new Uint8Array(size).fill(0x61));
/** Longer than any wait of a channel or a call that is given up: heartbeat, confirmation of a cancel, stall. */
const longMs = 95_000;

/** A router with one instance that says what the input says, and clients whose calls it has. */
export class RouterChannel {
  readonly #router: TestRouter;
  readonly #client: TestClient;
  readonly #instance: RawInstance;
  readonly #calls: TestCall[] = [];
  /** Calls whose requests are complete. */
  readonly #complete = new Set<TestCall>();

  constructor(source: ByteSource) {
    const seed = source.octet();
    this.#router = new TestRouter({ seed });
    const random = createSeededRandom(seed + 1);
    this.#instance = this.#router.instance({ methods, initialCredit: 65_536 });
    this.#client = this.#router.connect({ random, maxChunkBytes: 1 + seed * 20 }).client;
    for (const name of ["Chat", "Watch", "Get"] as const) this.#calls.push(this.#client.start(pathOf(name)));
    this.#router.run();
  }

  /** Does what the input says, in order; then everything ends, and a new instance finds a router at work. */
  run(source: ByteSource): void {
    while (!source.atEnd) {
      this.#step(source);
      this.#router.run();
    }
    this.#checkChannel();
    this.#end();
    this.#checkService();
    this.#checkNothingLeft();
  }

  #step(source: ByteSource): void {
    const op = source.octet();
    const call = this.#calls[source.octet() % this.#calls.length];
    switch (op % 12) {
      case 0:
        this.#instance.call.sendBytes(source.bytes(source.octet()));
        break;
      case 1:
      case 2:
      case 3:
        this.#instance.call.sendBytes(rawMessage(source.bytes(source.octet())));
        break;
      case 4:
      case 5:
        this.#instance.send(replyOf(source));
        break;
      case 6:
        if (!this.#isComplete(call)) call?.send(payloads[source.octet() % payloads.length] ?? new Uint8Array(0));
        break;
      case 7:
        this.#calls.push(this.#client.start(pathOf(methodNames[source.octet() % methodNames.length] ?? "Get")));
        break;
      case 8:
        call?.cancel();
        break;
      case 9:
        if (!this.#isComplete(call)) call?.halfClose();
        if (call !== undefined) this.#complete.add(call);
        break;
      case 10:
        call?.setReading(source.octet() % 2 === 0);
        break;
      default:
        this.#router.scheduler.advance(source.octet() * 40);
    }
  }

  #isComplete(call: TestCall | undefined): boolean {
    return call === undefined || this.#complete.has(call);
  }

  /** A channel stands, or has ended with a reason that the specification knows. */
  #checkChannel(): void {
    const { status, closed } = this.#instance.call;
    if (status === undefined) return;
    const reason = status.details?.errorInfo?.reason ?? "";
    ensure(closed || status !== undefined, "a status must end the channel");
    ensure(status.code === 0 || reason in reasons, "a channel must end with a known reason", () => status);
  }

  #end(): void {
    const { scheduler } = this.#router;
    this.#instance.call.cancel();
    for (const call of this.#calls) call.setReading(true);
    scheduler.runUntilIdle();
    for (const call of this.#calls) call.cancel();
    scheduler.advance(longMs);
    for (const call of this.#calls) ensure(call.closed, "every call must end", () => call.status);
  }

  /** A new instance takes over, and a call goes through. */
  #checkService(): void {
    const next = this.#router.instance({ instanceId: "two", incarnation: 9n, methods });
    ensure(next.call.status === undefined, "a correct instance must be taken", () => next.call.status);
    const call = this.#router.connect().client.unary(pathOf("Get"), Uint8Array.of(10, 1, 65));
    this.#router.run();
    const started = next.calls.find(({ start }) => start !== undefined);
    ensure(started !== undefined, "a call must reach the new instance", () => call.status);
    next.reply(started.callId, "Get", Uint8Array.of(10, 1, 66));
    this.#router.run();
    ensure(call.status?.code === 0 && call.messages.length === 1, "its answer must come back", () => call.status);
  }

  #checkNothingLeft(): void {
    this.#router.core.close();
    this.#router.scheduler.advance(longMs);
    const { counters } = this.#router.core;
    ensure(
      counters.connectionsOpened === counters.connectionsClosed,
      "every connection must be closed",
      () => counters,
    );
    ensure(counters.streamsOpened === counters.streamsClosed, "every stream must be closed", () => counters);
    ensure(this.#router.core.instances().length === 0, "no instance may be left");
    ensure(
      this.#router.scheduler.pendingTimers === 0,
      "no timer may be left",
      () => this.#router.scheduler.pendingTimers,
    );
  }
}

/** A frame of an instance that is well formed, and mostly wrong at its place. */
function replyOf(source: ByteSource): ReplyFrame {
  const choice = source.octet();
  const callId = BigInt(source.octet() % 8);
  const value = source.octet();
  const head = {
    callId,
    ...(choice & 1 && { acceptedThrough: callId }),
    ...(choice & 2 && { credit: value * 100 }),
    ...(choice & 4 && { header: { metadata: [{ name: "x-a", value: Uint8Array.of(0x20 + (value % 0x60)) }] } }),
    ...(choice & 8 && { end: { code: value % 18, notRun: value > 0xf0 } }),
  };
  const payload = payloads[value % payloads.length] ?? new Uint8Array(0);
  if (choice & 16) return { head, member: [8 + (value % 6), payload] };
  if (choice & 32)
    return { head, fragment: { remaining: source.octet() * 16, compressed: value > 0x80, data: payload } };
  return { head };
}

/** A router to which the input is what a Register stream says from its first octet on. */
export function checkRegistration(source: ByteSource): void {
  const router = new TestRouter();
  const { client } = router.connect();
  const path = "/grpcrouter.channel.acme.test.v1.TestServiceChannel/Register";
  const call = client.start(source.octet() % 4 === 0 ? "/grpcrouter.v1.ChannelService/Register" : path);
  while (!source.atEnd) {
    const isFramed = source.octet() % 4 > 0;
    const octets = source.bytes(source.uint16() % 1_024);
    call.sendBytes(isFramed ? rawMessage(octets) : octets);
    router.run();
  }
  router.scheduler.advance(longMs);
  const { status } = call;
  const reason = status?.details?.errorInfo?.reason ?? "";
  ensure(call.closed || status !== undefined, "a registration that says nothing right must end");
  if (status !== undefined && status.code !== 0) {
    ensure(reason in reasons, "a registration must be refused with a known reason", () => status);
  }
  router.core.close();
  router.scheduler.advance(longMs);
  ensure(router.core.instances().length === 0, "no instance may be left");
}
