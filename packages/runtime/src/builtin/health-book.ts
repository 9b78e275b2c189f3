// SPDX-License-Identifier: Apache-2.0

/** Tells that the health of a service may have changed. */
export type HealthListener = () => void;

/**
 * Which services can be served now. The registry writes it, the health service and the probes read it; nobody polls.
 */
export interface HealthBook {
  /** At least one service can be served and the router is not draining. */
  readonly ready: boolean;
  /** The router takes no new calls; for good. */
  readonly draining: boolean;
  /** Full names of the services, in order of registration. */
  readonly services: readonly string[];
  /** A service is routed, and whether it has an instance that serves. Tells its listeners only if that is new. */
  set(service: string, serving: boolean): void;
  /** A service is routed no more. Tells its listeners. */
  remove(service: string): void;
  /** The router drains: everything is not serving from now on. */
  drain(): void;
  /** Whether `service` can be served now; undefined if it is not routed. "" is the router itself. */
  isServing(service: string): boolean | undefined;
  /** Calls `listener` after each change of `service` until the returned function is called. */
  watch(service: string, listener: HealthListener): () => void;
}

/** Creates an empty book: no services, not ready, not draining. */
export function createHealthBook(): HealthBook {
  return new Book();
}

class Book implements HealthBook {
  readonly #serving = new Map<string, boolean>();
  readonly #listeners = new Map<string, Set<HealthListener>>();
  #draining = false;
  #servingCount = 0;

  get ready(): boolean {
    return !this.#draining && this.#servingCount > 0;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get services(): readonly string[] {
    return [...this.#serving.keys()];
  }

  set(service: string, serving: boolean): void {
    const before = this.#serving.get(service);
    if (before === serving) return;
    const wasReady = this.ready;
    this.#serving.set(service, serving);
    this.#servingCount += Number(serving) - Number(before ?? false);
    if (this.#draining) return;
    this.#tell(service);
    if (wasReady !== this.ready) this.#tell("");
  }

  remove(service: string): void {
    const before = this.#serving.get(service);
    if (before === undefined) return;
    const wasReady = this.ready;
    this.#serving.delete(service);
    this.#servingCount -= Number(before);
    if (this.#draining) return;
    this.#tell(service);
    if (wasReady !== this.ready) this.#tell("");
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const service of [...this.#listeners.keys()]) this.#tell(service);
  }

  isServing(service: string): boolean | undefined {
    if (service === "") return this.ready;
    const serving = this.#serving.get(service);
    return serving === undefined ? undefined : serving && !this.#draining;
  }

  watch(service: string, listener: HealthListener): () => void {
    const listeners = this.#listeners.get(service) ?? new Set();
    this.#listeners.set(service, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(service) === listeners) this.#listeners.delete(service);
    };
  }

  #tell(service: string): void {
    // A copy: a listener may end its own watch, or another's.
    for (const listener of [...(this.#listeners.get(service) ?? [])]) listener();
  }
}
