// SPDX-License-Identifier: Apache-2.0

/**
 * Where a call is, seen from the router (docs/channel.md section 4):
 *
 * ```
 *            Start written         mark, header or payload
 *   queued ────────────────▶ sent ─────────────────────────▶ accepted ──▶ done      End
 *    ▲  ▲                     │ │                               │
 *    │  │ proof, lost rule    │ └──────────┬────────────────────┘
 *    │  └─────────────────────┤            ▼  caller gone, deadline, router ends it
 *    │  ▲                     ▼        cancelling ──▶ done                           End, Drain, Previous, lost
 *    │  └────────────────── held  (its channel is lost; waits for Previous)
 *    └─ backoff ◀──────────  a status, or a loss, that the method's policy tries again after a while
 * ```
 */
export const CallState = {
  /** In the pool. */
  idle: 0,
  /** Has no id: its request is still coming, or it waits for an instance. */
  queued: 1,
  /** Written to an instance; whether it runs is unknown. */
  sent: 2,
  /** User code may have begun. */
  accepted: 3,
  /** The client is answered or gone; the instance has been told and holds the slot until it confirms. */
  cancelling: 4,
  /** Was sent; its channel is lost, and the instance may still say what became of it. */
  held: 5,
  /** The instance has nothing to do with it any more; the client may still be taking the answer. */
  done: 6,
  /** The last attempt has failed; the next one waits for its time. */
  backoff: 7,
} as const;
export type CallState = (typeof CallState)[keyof typeof CallState];

/** What `Cancel` asks for. This router does not revoke: it has no rule yet for when an instance counts as stalled. */
export const CancelMode = { abort: 1, deadline: 2 } as const;
export type CancelMode = (typeof CancelMode)[keyof typeof CancelMode];
