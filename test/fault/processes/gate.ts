// SPDX-License-Identifier: Apache-2.0

/** Where held calls wait until it is opened for good. */
export class Gate {
  readonly #waiting = new Set<() => void>();
  #isOpen: boolean;

  constructor({ isOpen }: { readonly isOpen: boolean }) {
    this.#isOpen = isOpen;
  }

  open(): void {
    this.#isOpen = true;
    for (const pass of this.#waiting) pass();
  }

  /** Resolves when the gate is open. Rejects with the signal's reason when the call is over. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#isOpen) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    this.#waiting.add(resolve);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener("abort", onAbort);
    }
  }
}
