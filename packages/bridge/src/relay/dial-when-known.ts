// SPDX-License-Identifier: Apache-2.0

import type { DialEvents, Dialer } from "../ports.js";

/** A dialler that waits, and what lets it go on. */
export interface WaitingDialer {
  readonly dial: Dialer;
  /** Dials from now on, and for who waits. */
  release(): void;
}

/**
 * Lets the router be dialled only when it is known whether the target takes calls, so that the hello says so: otherwise
 * an instance would be registered for a moment that no call can be sent to.
 */
export function createWaitingDialer(dial: Dialer): WaitingDialer {
  let isReleased = false;
  const waiting = new Set<() => void>();
  return {
    dial(events: DialEvents) {
      if (isReleased) return dial(events);
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
    },
    release() {
      isReleased = true;
      for (const start of waiting) start();
      waiting.clear();
    },
  };
}
