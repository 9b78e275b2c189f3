// SPDX-License-Identifier: Apache-2.0

import { MAX_HEALTH_NOTE_CHARS } from "../limits.js";
import type { HealthSource, HealthState } from "./health-source.js";

const SERVING: HealthState = { serving: true, note: "" };

/** Health as somebody says it, told to whoever watches when it changes. */
export class SettableHealth implements HealthSource {
  #state: HealthState;
  readonly #listeners = new Set<() => void>();

  constructor(state: HealthState = SERVING) {
    this.#state = state;
  }

  get state(): HealthState {
    return this.#state;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(state: HealthState): void {
    const { serving } = state;
    const note = state.note.slice(0, MAX_HEALTH_NOTE_CHARS);
    if (serving === this.#state.serving && note === this.#state.note) return;
    this.#state = note === state.note ? state : { serving, note };
    for (const listener of [...this.#listeners]) listener();
  }
}
