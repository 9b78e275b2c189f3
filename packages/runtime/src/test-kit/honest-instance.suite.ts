// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from "@grpc-router/testing";
import { type CallFrame, RawInstance } from "./raw-instance.suite.js";
import type { TestPeer, TestRouter } from "./test-router.suite.js";
import { kinds, type MethodName, numbers } from "./test-service.suite.js";
import { bytes, text } from "./text.suite.js";

interface OpenCall {
  readonly id: number;
  readonly key: string;
  readonly method: MethodName;
  begun: boolean;
  halfClosed: boolean;
  sentHeader: boolean;
  /** Cost of payloads read and not yet returned. */
  owed: number;
}

/** How often user code ran, by the key of the call. */
export type Ledger = Map<string, number>;

/**
 * An instance that keeps the rules of docs/channel.md section 4, bridge side, and does everything else at random: when it
 * starts a call, refuses it, answers, drains or dies. Every run of user code goes to the ledger.
 */
export class HonestInstance {
  readonly #router: TestRouter;
  readonly #random: SeededRandom;
  readonly #ledger: Ledger;
  readonly #peer: TestPeer;
  readonly #raw: RawInstance;
  readonly #calls = new Map<number, OpenCall>();
  #read = 0;
  #lastStart = 0;
  #accepted = 0;
  #drainedThrough = Number.POSITIVE_INFINITY;
  alive = true;

  constructor(router: TestRouter, random: SeededRandom, ledger: Ledger, instanceId: string) {
    this.#router = router;
    this.#random = random;
    this.#ledger = ledger;
    this.#peer = router.connect({ random: random.fork(), maxChunkBytes: 300 });
    this.#raw = new RawInstance(this.#peer.client).hello({ instanceId, processKey: random.randomBytes(16) });
  }

  /** One step: reads what came, then does one thing or another. */
  step(): void {
    if (!this.alive) return;
    for (; this.#read < this.#raw.frames.length; this.#read++) {
      const frame = this.#raw.frames[this.#read];
      if (frame !== undefined && frame.callId !== 0) this.#take(frame);
    }
    for (const call of [...this.#calls.values()]) if (this.#random.integer(3) === 0) this.#act(call);
    const dice = this.#random.integer(400);
    if (dice === 0) this.crash();
    else if (dice === 1) this.#drain();
    if (this.#drainedThrough < Number.POSITIVE_INFINITY && this.#calls.size === 0) {
      this.#raw.call.halfClose();
      this.alive = false;
    }
  }

  /** Ends everything that is open, so that a run can come to its end. */
  finish(): void {
    if (!this.alive) return;
    this.step();
    for (const call of [...this.#calls.values()]) {
      if (!call.begun) this.#begin(call);
      this.#end(call, 0);
    }
  }

  /** Dies without a word; with luck some of its last words are still under way. */
  crash(): void {
    this.alive = false;
    if (this.#random.integer(2) === 0) this.#router.run();
    this.#peer.duplex.reset();
  }

  /** Keys of the calls that it has been given and has not ended, whether it has read them or not. */
  get openKeys(): string[] {
    const unread = this.#raw.frames.slice(this.#read).filter(({ callId }) => callId <= this.#drainedThrough);
    return [
      ...Array.from(this.#calls.values(), ({ key }) => key),
      ...unread.flatMap(({ start }) => (start ? [keyOf(start)] : [])),
    ];
  }

  get fault(): string | undefined {
    const reason = this.#raw.call.status?.details?.errorInfo?.reason;
    return reason;
  }

  #take(frame: CallFrame): void {
    if (frame.start !== undefined) {
      this.#lastStart = frame.callId;
      if (frame.callId > this.#drainedThrough) return;
      const key = keyOf(frame.start);
      const method =
        (Object.keys(numbers) as MethodName[]).find((name) => numbers[name] === frame.start?.method) ?? "Get";
      this.#calls.set(frame.callId, {
        id: frame.callId,
        key,
        method,
        begun: false,
        halfClosed: false,
        sentHeader: false,
        owed: 0,
      });
    }
    const call = this.#calls.get(frame.callId);
    if (call === undefined) return;
    if (frame.payloadNumber !== 0) call.owed += frame.payload.length + 64;
    if (frame.halfClose) call.halfClosed = true;
    if (frame.cancel === 1 || frame.cancel === 2) {
      if (call.begun) this.#end(call, 1);
      else this.#refuse(call);
    }
  }

  #act(call: OpenCall): void {
    if (!call.begun) {
      const isReady = call.halfClosed || kinds[call.method] > 2;
      if (this.#random.integer(10) === 0) this.#refuse(call);
      else if (isReady) this.#begin(call);
      return;
    }
    const id = BigInt(call.id);
    switch (this.#random.integer(5)) {
      case 0:
        if (call.sentHeader) break;
        call.sentHeader = true;
        this.#raw.send({ head: { callId: id, header: {} } });
        break;
      case 1:
        if (kinds[call.method] % 2 === 1 || call.sentHeader === false) break;
        this.#raw.send({ head: { callId: id }, member: [numbers[call.method], bytes(call.key)] });
        break;
      case 2:
        if (call.owed > 0) this.#raw.send({ head: { callId: id, credit: call.owed } });
        call.owed = 0;
        break;
      default:
        this.#end(call, this.#random.integer(4) === 0 ? 13 : 0);
    }
  }

  /** The mark is in memory before user code, and on the wire with the next write. */
  #begin(call: OpenCall): void {
    call.begun = true;
    this.#accepted = Math.max(this.#accepted, call.id);
    this.#ledger.set(call.key, (this.#ledger.get(call.key) ?? 0) + 1);
    this.#raw.send({ head: { acceptedThrough: BigInt(this.#accepted) } });
  }

  #end(call: OpenCall, code: number): void {
    this.#calls.delete(call.id);
    const head = { callId: BigInt(call.id), end: { code }, acceptedThrough: BigInt(this.#accepted) };
    this.#raw.send(code === 0 ? { head, member: [numbers[call.method], bytes(call.key)] } : { head });
  }

  #refuse(call: OpenCall): void {
    this.#calls.delete(call.id);
    this.#raw.end(call.id, { code: 8, notRun: true });
  }

  #drain(): void {
    if (this.#drainedThrough < Number.POSITIVE_INFINITY) return;
    this.#drainedThrough = this.#accepted + this.#random.integer(this.#lastStart - this.#accepted + 1);
    this.#raw.control({ kind: { case: "drain", value: { lastCallId: BigInt(this.#drainedThrough) } } });
    for (const call of this.#calls.values()) if (call.id > this.#drainedThrough) this.#calls.delete(call.id);
  }
}

function keyOf({ metadata }: NonNullable<CallFrame["start"]>): string {
  return text(metadata.find(({ name }) => name === "x-key")?.value);
}
