// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "../forward/call-record.js";
import type { Priority } from "../resilience/priority.js";
import { WaitingQueue } from "../resilience/waiting-queue.js";
import type { WaitingRoom } from "../resilience/waiting-room.js";
import type { CandidateList } from "./candidate-list.js";
import type { MethodRoute } from "./method-route.js";
import { RouteSlot } from "./route-slot.js";

/** Parts of `ServiceSlots`. */
export interface ServiceSlotsParts {
  readonly room: WaitingRoom<CallRecord>;
  readonly candidates: CandidateList<Channel>;
  nowMs(): number;
  /** A waiting call whose deadline has passed. */
  onExpired(call: CallRecord): void;
}

/** A method, and whose calls. */
export interface SlotOwner {
  readonly method: DescMethod;
  /** The class of tenants, by its place; undefined: all others. */
  readonly tenants?: number | undefined;
}

/** What stays of a service's methods, those that are there no more included: calls of these may be under way. */
export class ServiceSlots {
  readonly list: RouteSlot[] = [];
  /** The same with those for the calls of tenants, which wait by themselves. */
  readonly all: RouteSlot[] = [];
  readonly #byOwner = new Map<string, RouteSlot>();
  readonly #parts: ServiceSlotsParts;

  constructor(parts: ServiceSlotsParts) {
    this.#parts = parts;
  }

  /** The slot of a method; one of another kind is another method, even with the same name. */
  find({ method, tenants }: SlotOwner, priority: Priority): RouteSlot {
    const name = `${method.methodKind} ${method.name}`;
    const key = tenants === undefined ? name : `${name} ${tenants}`;
    const known = this.#byOwner.get(key);
    if (known !== undefined) return known;
    const index = tenants === undefined ? this.list.length : this.find({ method }, priority).index;
    const slot = new RouteSlot(index, this.#parts.candidates, this.#createQueue(priority));
    this.#byOwner.set(key, slot);
    if (tenants === undefined) this.list.push(slot);
    this.all.push(slot);
    return slot;
  }

  /** New calls of its method go by `route`, whose calls wait in its class. */
  take(route: MethodRoute): void {
    const { slot, priority } = route;
    slot.route = route;
    if (slot.waiting.priority !== priority) slot.moveTo(this.#createQueue(priority), this.#parts.nowMs());
  }

  #createQueue(priority: Priority): WaitingQueue<CallRecord> {
    const { room, onExpired } = this.#parts;
    return new WaitingQueue<CallRecord>({ room, priority, onExpired });
  }
}
