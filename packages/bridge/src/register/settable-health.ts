// SPDX-License-Identifier: Apache-2.0

import { MAX_HEALTH_NOTE_CHARS } from "../limits.js";
import type { HealthSource, HealthState } from "./health-source.js";

/** Health as somebody says it, told to whoever watches when it changes. */
export class SettableHealth implements HealthSource {
  #state: HealthState;
  readonly #listeners = new Set<() => void>();

  constructor(state: HealthState) {
    this.#state = short(state);
  }

  get state(): HealthState {
    return this.#state;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(state: HealthState): void {
    const next = short(state);
    if (next.serving === this.#state.serving && next.note === this.#state.note) return;
    this.#state = next;
    for (const listener of [...this.#listeners]) listener();
  }
}

function short(state: HealthState): HealthState {
  const { serving, note } = state;
  return note.length > MAX_HEALTH_NOTE_CHARS ? { serving, note: note.slice(0, MAX_HEALTH_NOTE_CHARS) } : state;
}
