// SPDX-License-Identifier: Apache-2.0
import { MAX_DEMAND_PER_SECOND } from "@grpc-router/protocol";
import { canTake } from "../balance/balancer.js";
import type { Channel } from "../channel/channel.js";
import type { MethodRoute } from "../registry/method-route.js";
import type { ServiceEntry } from "../registry/service-entry.js";
import type { CallRecord } from "./call-record.js";
import type { ForwardContext } from "./forward-context.js";
import type { Forwarder } from "./forwarder.js";

const demandEveryMs = 1_000 / MAX_DEMAND_PER_SECOND;

/** Finds an instance for each call, or lets it wait for one. */
export class Placement {
  readonly #context: ForwardContext;
  readonly #forwarder: Forwarder;

  constructor(forwarder: Forwarder) {
    this.#context = forwarder.context;
    this.#forwarder = forwarder;
  }

  /** The instance for `call`, if one can take it now and the call still has time. */
  pick(call: CallRecord): Channel | undefined {
    const { route } = call;
    // Its timer may be a slot late, and an expired call is never dispatched: it waits for the timer.
    if (call.deadlineMs <= this.#context.clock.lastMs) return undefined;
    const channel = route.balancer.pick(route.candidates, call, this.#context.random);
    // A balancer may come from the router's program: what it says is checked.
    return channel !== undefined && canTake(channel) ? channel : undefined;
  }

  /** Sends a queued call whose request is ready to an instance, or lets it wait, or ends it. */
  place(call: CallRecord): void {
    const channel = this.pick(call);
    if (channel !== undefined && this.#forwarder.requests.start(call, channel)) return;
    // Its transport has just become full, which the next pick knows.
    const other = channel === undefined ? undefined : this.pick(call);
    if (other === undefined || !this.#forwarder.requests.start(call, other)) this.#wait(call);
  }

  /** Takes a call out of its queue, if it waits in one. */
  withdraw(call: CallRecord): void {
    if (call.waitingIndex >= 0) call.route.waiting.remove(call);
  }

  /** A channel may have room, capacity or a new instance: calls that wait for the service get their turn. */
  dispatch(service: ServiceEntry): void {
    if (this.#context.budget.count === 0) return;
    const { waitingRoutes } = service;
    for (let index = waitingRoutes.length - 1; index >= 0; index--) {
      const route = waitingRoutes[index];
      if (route === undefined || this.#dispatchRoute(route)) continue;
      waitingRoutes.splice(index, 1);
    }
  }

  /** No instance is left, or none has the method: whoever has not asked to wait ends. */
  abandon(service: ServiceEntry): void {
    for (const route of [...service.waitingRoutes]) {
      if (route.candidates.list.length > 0) continue;
      const patient: CallRecord[] = [];
      for (let call = this.#take(route); call !== undefined; call = this.#take(route)) {
        if (call.waitForReady) patient.push(call);
        else this.#endUnserved(call);
      }
      for (const call of patient) this.#offer(call);
    }
  }

  /** Whether calls of the route still wait. */
  #dispatchRoute(route: MethodRoute): boolean {
    const { waiting } = route;
    for (;;) {
      const call = waiting.peek(this.#context.clock.lastMs);
      if (call === undefined) return false;
      const channel = this.pick(call);
      if (channel === undefined) return true;
      waiting.remove(call);
      if (this.#forwarder.requests.start(call, channel)) continue;
      this.#offer(call);
    }
  }

  #wait(call: CallRecord): void {
    if (call.route.candidates.list.length === 0 && !call.waitForReady) this.#endUnserved(call);
    else this.#offer(call);
  }

  #offer(call: CallRecord): void {
    const { route } = call;
    if (route.waiting.offer(call, call.restEnd + call.log.end)) {
      const { waitingRoutes } = route.service;
      if (!waitingRoutes.includes(route)) waitingRoutes.push(route);
      this.#tellDemand(route.service);
      return;
    }
    const limit = this.#context.budget.maxCount;
    this.#forwarder.ending.fail(call, "QUEUE_FULL", { method: route.path, limit, service: route.service.name });
  }

  /** Asks for room once all calls of this turn are counted; what grows soon after is told by the next sweep. */
  #tellDemand(service: ServiceEntry): void {
    const { clock } = this.#context;
    if (clock.lastMs - service.demandToldMs < demandEveryMs) return;
    service.demandToldMs = clock.lastMs;
    clock.defer(() => {
      for (const channel of service.channels) channel.tellDemand(clock.lastMs);
    });
  }

  #take(route: MethodRoute): CallRecord | undefined {
    return route.waiting.take(this.#context.clock.lastMs);
  }

  #endUnserved(call: CallRecord): void {
    const { route } = call;
    const { service } = route;
    if (service.candidates.list.length === 0) {
      this.#forwarder.ending.fail(call, "NO_INSTANCE", { service: service.name });
      return;
    }
    const served = service.routes.filter((other) => other.candidates.list.length > 0).map((other) => other.name);
    this.#forwarder.ending.fail(call, "METHOD_UNKNOWN", { path: route.path, served: served.join(", ") });
  }
}
