// SPDX-License-Identifier: Apache-2.0

/** Whether a service can take calls, as the router is told. */
export interface HealthState {
  readonly serving: boolean;
  /** For people; empty if there is nothing to say. */
  readonly note: string;
}

/** Knows the health of one service. */
export interface HealthSource {
  readonly state: HealthState;
  /** Calls `listener` whenever `state` has changed, until the answer is called. */
  watch(listener: () => void): () => void;
}
