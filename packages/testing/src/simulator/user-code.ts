// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { type BytesValue, BytesValueSchema } from "@bufbuild/protobuf/wkt";
import type { Bridge } from "@grpc-router/bridge";
import { isFallback } from "./attempt-ledger.js";
import { type CallPlan, lingeringKey, strangerKey, strangerPlan } from "./call-plan.js";
import type { InstanceTap } from "./instance-tap.js";
import { passedName } from "./interception-ledger.js";
import type { Execution } from "./ledger.js";
import type { PlannedFailure } from "./policy-plan.js";
import { headerName, readContent, trailerName, writeContent } from "./sim-content.js";
import type { SimProcess } from "./sim-process.js";
import { localNameOf, type SimMethod, type SimService } from "./sim-service.js";
import { SimStatus } from "./sim-status.js";
import type { TappedCall } from "./tapped-call.js";
import type { World } from "./world.js";

/** What user code gets beside its request. */
interface Context {
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
  readonly signal: AbortSignal;
}

/** What `Bridge.service` takes. */
export type UserCode = Parameters<Bridge["service"]>[1];

/** Where user code runs. */
export interface UserCodeHost {
  readonly process: SimProcess;
  /** User code that runs now, and at most ever may. */
  running: number;
  readonly maxRunning: number;
  /** What is heard on its links. */
  readonly taps: Iterable<InstanceTap>;
}

/** The implementation of a simulated service on one instance: does what the call's plan says, and notes what it did. */
export function createUserCode(instance: UserCodeHost, world: World, service: SimService): UserCode {
  const code: Record<string, unknown> = {};
  for (const method of service.methods) {
    const { clientStreams, serverStreams } = method;
    const one = async (request: BytesValue | AsyncIterable<BytesValue>, context: Context): Promise<BytesValue> => {
      const run = new Run(instance, world, method, context);
      try {
        await run.read(clientStreams ? (request as AsyncIterable<BytesValue>) : [request as BytesValue]);
        await run.pause(run.plan.server.delayMs);
        run.fail();
        const reply = run.reply(0);
        run.complete();
        return reply;
      } finally {
        run.settle();
      }
    };
    const many = async function* (request: BytesValue | AsyncIterable<BytesValue>, context: Context) {
      const run = new Run(instance, world, method, context);
      try {
        const reading = run.read(clientStreams ? (request as AsyncIterable<BytesValue>) : [request as BytesValue]);
        // Whoever does not wait for it any more does not care.
        reading.catch(() => undefined);
        await run.pause(run.plan.server.delayMs);
        if (run.failure?.speaksFirst !== true) run.fail();
        for (const [at] of run.plan.server.replies.entries()) {
          yield run.reply(at);
          run.fail();
          await run.pause(run.plan.server.gapMs);
        }
        await reading;
        run.complete();
      } finally {
        run.settle();
      }
    };
    code[localNameOf(method)] = serverStreams ? many : one;
  }
  // The methods are those of the service, and each is of its kind.
  return code as UserCode;
}

/** One run of user code. */
class Run {
  readonly plan: CallPlan;
  /** How it is to fail, beside what the plan says. */
  readonly failure: PlannedFailure | undefined;
  readonly #instance: UserCodeHost;
  readonly #world: World;
  readonly #signal: AbortSignal;
  readonly #execution: Execution;
  readonly #tapped: TappedCall | undefined;
  readonly #stops = new Set<() => void>();

  constructor(instance: UserCodeHost, world: World, method: SimMethod, context: Context) {
    const index = Number(context.requestHeader.get("x-key"));
    const plan = world.plan(index) ?? (index >= strangerKey ? strangerPlan(index, method) : undefined);
    if (plan === undefined) throw new Error(`Cannot run call ${index}: it must be planned`);
    if (plan.method !== method && !isFallback(world, plan, method)) {
      world.violate(
        "content",
        `c${index} of ${plan.method.service}/${plan.method.name} runs as ${method.service}/${method.name}`,
      );
    }
    const { process } = instance;
    this.plan = plan;
    this.#instance = instance;
    this.#world = world;
    this.#signal = context.signal;
    process.work++;
    instance.running++;
    this.#execution = world.ledger.begin(index, process.name, method);
    this.failure = world.scenario.policies?.failures[index]?.[world.ledger.of(index).length - 1];
    this.#tapped = this.#begin();
    world.note(process.name, `runs c${index} (execution ${this.#execution.id})`);
    // A router that means harm is not listened to.
    if (this.#tapped === undefined && index < lingeringKey)
      world.violate("fence", `${process.name} runs c${index}, which no channel has given it`);
    if (instance.running > instance.maxRunning) {
      world.violate(
        "slots",
        `${process.name} runs ${instance.running} calls and never had room for more than ${instance.maxRunning}`,
      );
    }
    if (world.plan(index) !== undefined) world.interceptions.arrived(plan, context.requestHeader.get(passedName));
    if (plan.server.setsHeaders) {
      context.responseHeader.set(headerName, String(index));
      context.responseTrailer.set(trailerName, String(index));
    }
    this.#signal.addEventListener("abort", () => {
      if (this.#tapped !== undefined) for (const tap of instance.taps) tap.abort(this.#tapped, this.#signal.reason);
      for (const stop of this.#stops) stop();
    });
  }

  /** Reads the request as far as the plan says, and holds it against what was sent. */
  async read(requests: AsyncIterable<BytesValue> | Iterable<BytesValue>): Promise<void> {
    const { process } = this.#instance;
    process.work++;
    try {
      await this.#readAll(requests);
    } finally {
      process.work--;
    }
  }

  async #readAll(requests: AsyncIterable<BytesValue> | Iterable<BytesValue>): Promise<void> {
    const { server, index } = this.plan;
    const execution = this.#execution;
    if (server.reads === 0 && this.plan.method.clientStreams) return;
    for await (const { value } of requests) {
      const content = readContent(value);
      if (index >= strangerKey) return;
      if (content?.call !== index || content.sequence !== execution.read) {
        this.#world.violate("content", `c${index} got ${JSON.stringify(content)} as request ${execution.read}`);
      }
      execution.read++;
      if (execution.read >= server.reads) return;
      await this.pause(server.readGapMs);
    }
    execution.sawEnd = true;
  }

  /** Waits, unless the call is aborted and the code listens; then it stops here. */
  async pause(ms: number): Promise<void> {
    const { server } = this.plan;
    if (ms > 0) {
      const { process } = this.#instance;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = process.after(ms, resolve);
      const stop = (): void => {
        timer.cancel();
        resolve();
      };
      if (!server.isDeaf) {
        this.#stops.add(stop);
        if (this.#signal.aborted) stop();
      }
      await promise;
      this.#stops.delete(stop);
    }
    if (this.#signal.aborted && !server.isDeaf) throw new Error("aborted");
  }

  /** Ends the run with a status, if it is to fail so. */
  fail(): void {
    if (this.failure === undefined) return;
    const { code, pushback } = this.failure;
    throw new SimStatus(code, new Headers(pushback === "" ? [] : [["grpc-retry-pushback-ms", pushback]]));
  }

  /** The next reply. */
  reply(at: number): BytesValue {
    const { server, index } = this.plan;
    const isLast = at >= server.replies.length - 1;
    if (server.throws && isLast) throw new Error("planned");
    const execution = this.#execution;
    const content = { call: index, sequence: execution.written++, execution: execution.id };
    return create(BytesValueSchema, { value: writeContent(content, server.replies[at] ?? 0) });
  }

  complete(): void {
    if (this.plan.server.throws) throw new Error("planned");
    this.#execution.state = "complete";
  }

  /** User code has come to its end, one way or another. */
  settle(): void {
    const execution = this.#execution;
    if (execution.state === "running") execution.state = this.#signal.aborted ? "stopped" : "failed";
    this.#world.note(this.#instance.process.name, `c${this.plan.index} has settled: ${execution.state}`);
    if (this.#tapped !== undefined) for (const tap of this.#instance.taps) tap.settle(this.#tapped);
    this.#instance.running--;
    this.#instance.process.work--;
  }

  /** Tells the newest channel that has given this process the call; of older ones the process may know that they are gone. */
  #begin(): TappedCall | undefined {
    const execution = this.#execution;
    let found: ReturnType<InstanceTap["find"]>;
    for (const tap of this.#instance.taps) found = tap.find(execution.call) ?? found;
    found?.channel.instance.begin(found.call, execution);
    return found?.call;
  }
}
