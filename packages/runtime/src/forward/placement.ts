// SPDX-License-Identifier: Apache-2.0
import { MAX_DEMAND_PER_SECOND } from "@grpc-router/protocol";
import { canTake } from "../balance/balancer.js";
import type { Channel } from "../channel/channel.js";
import { maxSteppedAside } from "../limits.js";
import type { ServiceEntry } from "../registry/service-entry.js";
import type { CallRecord } from "./call-record.js";
import type { ForwardContext } from "./forward-context.js";
import type { Forwarder } from "./forwarder.js";

const demandEveryMs = 1_000 / MAX_DEMAND_PER_SECOND;

/** Finds an instance for each call, or lets it wait for one. */
export class Placement {
  readonly #context: ForwardContext;
  readonly #forwarder: Forwarder;
  /** Out of their queues while others get their turn. */
  readonly #stepped: CallRecord[] = [];

  constructor(forwarder: Forwarder) {
    this.#context = forwarder.context;
    this.#forwarder = forwarder;
  }

  /** The instance for `call`, if one can take it now and the call still has time. */
  pick(call: CallRecord): Channel | undefined {
    const { route } = call;
    // Its timer may be a slot late, and an expired call is never dispatched: it waits for the timer.
    if (call.deadlineMs <= this.#context.clock.lastMs) return undefined;
    if (route.policy?.hasRoom(this.#context.clock.lastMs) === false) return undefined;
    const { service } = route;
    if (service.balancerFailed) service.balancerFailed = false;
    const channel = route.balancer.pick(route.candidates, call, this.#context.random);
    // A balancer may come from the router's program: what it says is checked.
    return channel !== undefined && canTake(channel, call) ? channel : undefined;
  }

  /** Sends a queued call whose request is ready to an instance, or lets it wait, or ends it. */
  place(call: CallRecord): void {
    if (call.attempts !== undefined && this.#forwarder.interceptions.holds(call)) return;
    if (call.route.key?.needsMessage === true && !this.#forwarder.keys.readLog(call)) return;
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
    if (service.room.count === 0) return;
    service.waiting.serve(this.#context.clock.lastMs, this.#serve);
    // In their order; who waits for another instance was not held up by them.
    for (const call of this.#stepped.splice(0)) this.#offerAgain(call);
  }

  /** Instances have left: whoever waits for what cannot come any more, and has not asked to, ends. */
  abandon(service: ServiceEntry): void {
    for (const { waiting, candidates, route } of service.queues) {
      if (waiting.size === 0 || (candidates.list.length > 0 && route?.balancer.isLost === undefined)) continue;
      const calls: CallRecord[] = [];
      const nowMs = this.#context.clock.lastMs;
      for (let call = waiting.take(nowMs); call !== undefined; call = waiting.take(nowMs)) calls.push(call);
      for (const call of calls) {
        this.#wait(call);
        this.#noteReturn(call, service);
      }
    }
  }

  /** The service is routed no more: no instance will come for those who wait. */
  dismiss(service: ServiceEntry): void {
    const nowMs = this.#context.clock.lastMs;
    for (const { waiting } of service.queues) {
      for (let call = waiting.take(nowMs); call !== undefined; call = waiting.take(nowMs)) this.#endUnserved(call);
    }
  }

  /** The room is full, and `call` was displaced by one of a higher class, or finds no place. */
  refuse(call: CallRecord): void {
    const { path, service } = call.route;
    const facts = { method: path, service: service.name, limit: service.room.limit };
    this.#forwarder.ending.fail(call, "QUEUE_FULL", facts, service.room.pushbackMs(this.#context.random()));
  }

  /** It is the turn of a waiting call. False: no instance can take calls of its method now. */
  readonly #serve = (call: CallRecord): boolean => {
    const channel = this.pick(call);
    if (channel === undefined) return this.#failIfBroken(call) || this.#stepAside(call);
    call.route.waiting.remove(call);
    // Else its transport has just become full, which the next pick knows.
    if (!this.#forwarder.requests.start(call, channel)) this.#offerAgain(call);
    return true;
  };

  /** The call may go to one instance only, which is full: that says nothing of the next call. */
  #stepAside(call: CallRecord): boolean {
    const { balancer, waiting } = call.route;
    if (!call.hasKey || balancer.isLost === undefined || this.#stepped.length >= maxSteppedAside) return false;
    waiting.remove(call);
    this.#stepped.push(call);
    return true;
  }

  /** Ends a call that nobody was picked for because the program's own balancer has thrown. */
  #failIfBroken(call: CallRecord): boolean {
    const { path, service } = call.route;
    if (!service.balancerFailed) return false;
    this.#forwarder.ending.fail(call, "POLICY_FAILED", { method: path, policy: "balancer" });
    return true;
  }

  #wait(call: CallRecord): void {
    if (this.#failIfBroken(call)) return;
    const { route } = call;
    const { policy } = route;
    const waits = call.waitForReady && !route.service.retired;
    if (route.candidates.list.length === 0 && !waits) this.#endUnserved(call);
    else if (!call.waitForReady && route.balancer.isLost?.(route.candidates, call) === true) {
      this.#forwarder.ending.fail(call, "AFFINITY_LOST", { method: route.path });
    } else if (policy?.isBarred(route.candidates.list, this.#context.clock.lastMs) === true) {
      this.#forwarder.ending.fail(call, "CIRCUIT_OPEN", { method: route.path });
    } else if (policy?.fallback?.failFast === true) {
      this.#forwarder.ending.fail(call, "NO_ROOM", { method: route.path, service: route.service.name });
    } else this.#offer(call);
  }

  /** It was out of its queue for the search alone. */
  #offerAgain(call: CallRecord): void {
    const { service } = call.route;
    this.#offer(call);
    this.#noteReturn(call, service);
  }

  /** A call that was out of its queue waits there again, unless it has ended or gone to its fallback. */
  #noteReturn(call: CallRecord, service: ServiceEntry): void {
    if (call.waitingIndex >= 0 && call.route.service === service) service.room.cameBack();
  }

  #offer(call: CallRecord): void {
    if (call.route.policy !== undefined) call.attemptState.waited = true;
    call.sample.enterQueue(this.#context.clock);
    call.following?.queued(this.#context.clock.lastMs);
    const { waiting, service } = call.route;
    service.waiting.add(waiting);
    if (waiting.offer(call, call.restEnd + call.log.held)) this.#tellDemand(service);
    else this.refuse(call);
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
