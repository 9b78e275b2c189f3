// SPDX-License-Identifier: Apache-2.0

import type { DialEvents, Dialer } from "../ports.js";

/** Lets dials wait, and go on. */
export interface DialGate {
  /** A dialler that waits for the gate. */
  wrap(dial: Dialer): Dialer;
  /** Dials from now on, and for who waits. */
  release(): void;
}

/**
 * Lets routers be dialled only when it is known whether the target takes calls, so that the hello says so: otherwise an
 * instance would be registered for a moment that no call can be sent to.
 */
export function createDialGate(): DialGate {
  let isReleased = false;
  const waiting = new Set<() => void>();
  const dialLater = (dial: Dialer, events: DialEvents) => {
    let dialled: { cancel(): void } | undefined;
    const start = () => {
      dialled = dial(events);
    };
    waiting.add(start);
    return {
      cancel: () => {
        waiting.delete(start);
        dialled?.cancel();
      },
    };
  };
  return {
    wrap: (dial) => (events) => (isReleased ? dial(events) : dialLater(dial, events)),
    release() {
      isReleased = true;
      for (const start of waiting) start();
      waiting.clear();
    },
  };
}
