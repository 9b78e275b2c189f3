// SPDX-License-Identifier: Apache-2.0
import { maxInstanceOrders } from "../limits.js";

/** What an operator has said of one instance of a service. */
export interface InstanceOrder {
  /** In place of the weight that it states. */
  readonly weight?: number | undefined;
  /** The process that gets no new calls; another one under the same id does. */
  readonly withdrawnProcess?: string | undefined;
}

/** What an operator has said of the instances of a service, by instance id: it outlives their channels, not the router. */
export class InstanceOrders {
  readonly #orders = new Map<string, InstanceOrder>();

  /** What was said of the instance; undefined: nothing. */
  of(instanceId: string): InstanceOrder | undefined {
    return this.#orders.get(instanceId);
  }

  /**
   * Adds to what was said of the instance, or (undefined) takes something back. `isLive` says who is registered: of the
   * others the oldest orders are forgotten when there are too many.
   */
  change(instanceId: string, order: InstanceOrder, isLive: (instanceId: string) => boolean): void {
    const changed = { ...this.#orders.get(instanceId), ...order };
    this.#orders.delete(instanceId);
    if (changed.weight !== undefined || changed.withdrawnProcess !== undefined) this.#orders.set(instanceId, changed);
    if (this.#orders.size <= maxInstanceOrders) return;
    for (const id of this.#orders.keys()) {
      if (isLive(id)) continue;
      this.#orders.delete(id);
      return;
    }
  }
}
