// SPDX-License-Identifier: Apache-2.0

/**
 * What a peer may still send us, of one stream or of the connection (RFC 9113 section 6.9). At every moment
 * `available + held + unreturned = size`, so octets cannot leak.
 */
export class ReceiveWindow {
  /** The window when nothing is on its way or held. */
  size: number;
  /** Octets that the peer may send; negative after the size has shrunk. */
  available: number;
  /** Octets received that the application still has. */
  held = 0;
  /** Octets that the application gave back, not yet announced to the peer. */
  unreturned = 0;
  /** Octets that the peer was ever allowed to send. */
  #granted: number;

  constructor(size: number) {
    this.size = size;
    this.available = size;
    this.#granted = size;
  }

  /** Octets that ever arrived, without a count of its own for each frame. */
  get received(): number {
    return this.#granted - this.available;
  }

  /** Starts anew with `size` octets. */
  reset(size: number): void {
    this.size = size;
    this.available = size;
    this.held = 0;
    this.unreturned = 0;
    this.#granted = size;
  }

  /** Octets arrived; false if the peer was not allowed to send that many. */
  take(octets: number): boolean {
    if (octets > this.available) return false;
    this.available -= octets;
    this.held += octets;
    return true;
  }

  /**
   * The application is done with `octets` of what it holds. Returns the increment to announce: 0 until half of the
   * window has come together, so that many small reads make one WINDOW_UPDATE.
   */
  give(octets: number): number {
    this.held -= octets;
    this.unreturned += octets;
    if (this.unreturned * 2 < this.size) return 0;
    const increment = this.unreturned;
    this.unreturned = 0;
    this.available += increment;
    this.#granted += increment;
    return increment;
  }

  /** Raises the size to `size`; returns the increment to announce, 0 if it is no larger than now. */
  grow(size: number): number {
    const increment = Math.max(0, size - this.size);
    this.resize(increment);
    return increment;
  }

  /** Changes the size by `octets`, as SETTINGS_INITIAL_WINDOW_SIZE does; the window may become negative. */
  resize(octets: number): void {
    this.#granted += octets;
    this.available += octets;
    this.size += octets;
  }
}
