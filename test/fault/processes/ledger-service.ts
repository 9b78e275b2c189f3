// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { Hold, type LedgerService, type Work } from "../gen/ledger/v1/ledger_pb.ts";
import { hashPayload } from "../ledger/hash-payload.ts";
import type { ExecutionEnd, InstanceRecord, Method } from "../ledger/records.ts";
import type { Gate } from "./gate.ts";

/** Where executions run. */
export interface LedgerHost {
  readonly id: string;
  readonly gate: Gate;
  write(record: InstanceRecord): void;
  /** User code of a call is at its end. */
  onEnding(): void;
}

/** Executions so far, of which as many as are `open` are under way. */
export interface ExecutionCounts {
  begun: number;
  open: number;
}

/** An implementation that writes into the ledger what runs: before anything else, with each message, and at the end. */
export function createLedgerService(host: LedgerHost, counts: ExecutionCounts): ServiceImpl<typeof LedgerService> {
  const one = (method: Method) => async (work: Work, context: HandlerContext) => {
    const execution = new ExecutionOfCall(host, counts, method, context);
    return await execution.whole(async () => {
      execution.received(work);
      await execution.hold(work, Hold.RUNNING);
      const result = await execution.reply(work, 0);
      await execution.hold(work, Hold.ENDING);
      return result;
    });
  };
  const many = (method: Method) =>
    async function* (work: Work, context: HandlerContext) {
      const execution = new ExecutionOfCall(host, counts, method, context);
      yield* execution.stream(async function* () {
        execution.received(work);
        await execution.hold(work, Hold.RUNNING);
        for (let index = 0; index < work.replies; index++) {
          yield await execution.reply(work, index);
          if (index === 0) await execution.hold(work, Hold.REPLYING);
        }
        await execution.hold(work, Hold.ENDING);
      });
    };
  const gather = (method: Method) => async (works: AsyncIterable<Work>, context: HandlerContext) => {
    const execution = new ExecutionOfCall(host, counts, method, context);
    return await execution.whole(async () => {
      let order: Work | undefined;
      for await (const work of works) {
        execution.received(work);
        order ??= work;
        if (order === work) await execution.hold(work, Hold.RUNNING);
      }
      if (order === undefined) throw new Error("Cannot run: a request must have a message, received none");
      const result = await execution.reply(order, 0);
      await execution.hold(order, Hold.ENDING);
      return result;
    });
  };
  const converse = (method: Method) =>
    async function* (works: AsyncIterable<Work>, context: HandlerContext) {
      const execution = new ExecutionOfCall(host, counts, method, context);
      yield* execution.stream(async function* () {
        let order: Work | undefined;
        let replies = 0;
        for await (const work of works) {
          execution.received(work);
          order ??= work;
          if (order === work) await execution.hold(work, Hold.RUNNING);
          yield await execution.reply(order, replies++);
          if (order === work) await execution.hold(work, Hold.REPLYING);
        }
        if (order !== undefined) await execution.hold(order, Hold.ENDING);
      });
    };
  return {
    unary: one("Unary"),
    unaryAgain: one("UnaryAgain"),
    serverStream: many("ServerStream"),
    serverStreamAgain: many("ServerStreamAgain"),
    clientStream: gather("ClientStream"),
    clientStreamAgain: gather("ClientStreamAgain"),
    bidi: converse("Bidi"),
    bidiAgain: converse("BidiAgain"),
  };
}

class ExecutionOfCall {
  readonly #host: LedgerHost;
  readonly #counts: ExecutionCounts;
  readonly #signal: AbortSignal;
  readonly #call: string;
  readonly #run: number;

  constructor(host: LedgerHost, counts: ExecutionCounts, method: Method, { requestHeader, signal }: HandlerContext) {
    this.#host = host;
    this.#counts = counts;
    this.#signal = signal;
    this.#call = requestHeader.get("call") ?? "";
    this.#run = ++counts.begun;
    counts.open++;
    const attempts = Number(requestHeader.get("grpc-previous-rpc-attempts") ?? 0);
    host.write({ event: "begin", ...this.#key(), method, attempts });
  }

  async whole<T>(run: () => Promise<T>): Promise<T> {
    try {
      const result = await run();
      this.#end("returned");
      return result;
    } catch (error) {
      this.#end(this.#signal.aborted ? "aborted" : "threw");
      throw error;
    }
  }

  async *stream<T>(run: () => AsyncGenerator<T>): AsyncGenerator<T> {
    let how: ExecutionEnd = "aborted"; // as it is when the reader closes the generator
    try {
      yield* run();
      how = "returned";
    } catch (error) {
      if (!this.#signal.aborted) how = "threw";
      throw error;
    } finally {
      this.#end(how);
    }
  }

  received({ index, payload }: Work): void {
    this.#host.write({ event: "in", ...this.#key(), hash: hashPayload(index, payload) });
  }

  async reply({ workMs, replyBytes }: Work, index: number) {
    if (workMs > 0) await sleep(workMs, undefined, { signal: this.#signal });
    this.#signal.throwIfAborted();
    const payload = crypto.getRandomValues(new Uint8Array(Math.min(replyBytes, 65_536)));
    const long = replyBytes > payload.length ? repeat(payload, replyBytes) : payload;
    this.#host.write({ event: "out", ...this.#key(), hash: hashPayload(index, long) });
    return { instance: this.#host.id, index, payload: long };
  }

  async hold(work: Work, where: Hold): Promise<void> {
    if (work.hold === where) await this.#host.gate.pass(this.#signal);
  }

  #end(how: ExecutionEnd): void {
    this.#counts.open--;
    this.#host.write({ event: "end", ...this.#key(), how });
    if (how === "returned") this.#host.onEnding();
  }

  #key() {
    return { call: this.#call, run: this.#run, t: Date.now() };
  }
}

/** `getRandomValues` gives 64 KiB at most. */
function repeat(piece: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length);
  for (let at = 0; at < length; at += piece.length) whole.set(piece.subarray(0, length - at), at);
  return whole;
}
