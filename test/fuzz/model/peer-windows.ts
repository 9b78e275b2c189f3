// SPDX-License-Identifier: Apache-2.0
import { RawSetting } from "@grpc-router/testing";
import { ensure } from "./ensure.ts";

export const maxWindow = 0x7fff_ffff;
const defaultWindow = 65_535;

/**
 * What the peer has allowed the engine to send, by the frames that it sent itself (RFC 9113 section 6.9). An upper bound:
 * a SETTINGS that shrinks windows counts only if nothing that was written before it is still on its way.
 */
export class PeerWindows {
  connection = defaultWindow;
  /** No SETTINGS has left the bound above what it really is. */
  isExact = true;
  /** The value of SETTINGS_INITIAL_WINDOW_SIZE that the peer sent last, and the bound it stands for. */
  #initial = defaultWindow;
  #bound = defaultWindow;
  readonly #streams = new Map<number, number>();

  /** What is left of a stream's window. */
  of(streamId: number): number {
    return this.#streams.get(streamId) ?? this.#bound;
  }

  /** The peer sent SETTINGS; `inStep`: the engine has no output left that was written before. */
  settings(entries: readonly (readonly [id: number, value: number])[], inStep: boolean): void {
    let value = this.#initial;
    for (const [id, entry] of entries) if (id === RawSetting.initialWindowSize) value = entry;
    const change = inStep ? value - this.#initial : Math.max(0, value - this.#initial);
    if (!inStep && value < this.#initial) this.isExact = false;
    this.#initial = value;
    this.#bound += change;
    for (const [id, left] of this.#streams) this.#streams.set(id, left + change);
  }

  /** The peer sent WINDOW_UPDATE. */
  update(streamId: number, increment: number): void {
    if (streamId === 0) this.connection += increment;
    else this.#streams.set(streamId, this.of(streamId) + increment);
  }

  /** The engine sent DATA. */
  take(streamId: number, octets: number): void {
    ensure(octets === 0 || octets <= this.connection, "DATA must fit the connection's window", () => {
      return { octets, window: this.connection };
    });
    ensure(octets === 0 || octets <= this.of(streamId), "DATA must fit the stream's window", () => {
      return { streamId, octets, window: this.of(streamId) };
    });
    this.connection -= octets;
    this.#streams.set(streamId, this.of(streamId) - octets);
  }
}

/** What the engine has allowed the peer to send, by the frames that it sent. */
export class GrantedWindows {
  connection = defaultWindow;
  #initial = defaultWindow;
  readonly #updates = new Map<number, number>();

  settings(entries: readonly (readonly [id: number, value: number])[]): void {
    for (const [id, value] of entries) if (id === RawSetting.initialWindowSize) this.#initial = value;
  }

  update(streamId: number, increment: number): void {
    ensure(increment > 0 && increment <= maxWindow, "an increment must be from 1 to 2^31-1", () => increment);
    if (streamId === 0) this.connection += increment;
    else this.#updates.set(streamId, (this.#updates.get(streamId) ?? 0) + increment);
    const left = streamId === 0 ? this.connection : this.of(streamId);
    ensure(left <= maxWindow, "a window must stay below 2^31", () => ({ streamId, left }));
  }

  /** The peer sent DATA, padding included. */
  take(streamId: number, octets: number): void {
    this.connection -= octets;
    this.#updates.set(streamId, (this.#updates.get(streamId) ?? 0) - octets);
  }

  of(streamId: number): number {
    return this.#initial + (this.#updates.get(streamId) ?? 0);
  }
}
