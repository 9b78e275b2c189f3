// SPDX-License-Identifier: Apache-2.0
import type { CallInterceptor } from "@grpc-router/runtime";
import type { CallPlan } from "./call-plan.js";
import type { SimProcess } from "./sim-process.js";
import { simServices } from "./sim-service.js";
import type { World } from "./world.js";

/** Metadata that each interceptor adds its name to. */
export const passedName = "x-passed";
/** The first is outermost. */
const names = ["outer", "inner"] as const;
/** What user code gets of a call that has gone through both. */
export const passedBoth = names.join("-");

interface Seen {
  readonly process: SimProcess;
  readonly begun: string[];
  readonly ended: { readonly name: string; readonly code: number }[];
  /** What the client got, if it got something. */
  told: number | undefined;
}

/** Holds that interceptors see each call once, in their order, and are told what its client is told. */
export class InterceptionLedger {
  readonly #world: World;
  readonly #seen = new Map<number, Seen>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Interceptors of a service at a router; none if the world has none. */
  of(service: number, process: SimProcess): readonly CallInterceptor[] {
    if (this.#world.scenario.policies?.isIntercepted[service] !== true) return [];
    return names.map(
      (name): CallInterceptor =>
        (next) =>
        async (call) => {
          const index = Number(call.metadata.get("x-key"));
          this.#begin(index, process, name);
          call.metadata.set(passedName, [call.metadata.get(passedName) ?? [], name].flat().join("-"));
          const { code } = await next(call);
          this.#end(index, name, code);
          return { code, message: "", trailers: call.metadata, attempts: 0 };
        },
    );
  }

  /** A router has sent the call: its interceptors must have let it go. */
  sent(plan: CallPlan): void {
    if (!this.#isIntercepted(plan)) return;
    const begun = this.#seen.get(plan.index)?.begun.join("-") ?? "";
    if (begun !== passedBoth) this.#violate(`c${plan.index} is sent, and went through interceptors as "${begun}"`);
  }

  /** User code has got the call with what the interceptors wrote. */
  arrived(plan: CallPlan, passed: string | null): void {
    const expected = this.#isIntercepted(plan) ? passedBoth : null;
    if (passed !== expected) this.#violate(`c${plan.index} came with ${passedName} ${passed}, it must be ${expected}`);
  }

  /** A client has a status; on a link without latency it has it before interceptors go on. */
  told(plan: CallPlan, code: number): void {
    const seen = this.#seen.get(plan.index);
    if (seen === undefined) return;
    seen.told = code;
    for (const { name, code: known } of seen.ended) this.#judgeCode(plan.index, name, known);
  }

  /** No call is left: whoever let one go has been told of its end. */
  checkIdle(): void {
    for (const [index, { process, begun, ended }] of this.#seen) {
      if (process.state === "running" && begun.length !== ended.length)
        this.#violate(`c${index} is over, and ${ended.length} of ${begun.length} interceptors know`);
    }
  }

  #begin(index: number, process: SimProcess, name: string): void {
    if (this.#world.plan(index) === undefined) return;
    const seen = this.#seen.get(index) ?? { process, begun: [], ended: [], told: undefined };
    this.#seen.set(index, seen);
    const expected = names[seen.begun.length];
    if (name !== expected) this.#violate(`${name} sees c${index}, and ${expected ?? "nobody"} was to see it`);
    seen.begun.push(name);
  }

  #end(index: number, name: string, code: number): void {
    const seen = this.#seen.get(index);
    if (seen === undefined) return;
    const expected = seen.begun[names.length - 1 - seen.ended.length];
    if (name !== expected) this.#violate(`${name} is told of the end of c${index}, and ${expected} was to be told`);
    seen.ended.push({ name, code });
    this.#judgeCode(index, name, code);
  }

  #judgeCode(index: number, name: string, code: number): void {
    const told = this.#seen.get(index)?.told;
    if (told !== undefined && told !== code)
      this.#violate(`c${index} ended with ${told}, and ${name} was told ${code}`);
  }

  #isIntercepted({ method }: CallPlan): boolean {
    const at = simServices.findIndex(({ name }) => name === method.service);
    return this.#world.scenario.policies?.isIntercepted[at] === true;
  }

  #violate(what: string): void {
    this.#world.violate("policies", what);
  }
}
