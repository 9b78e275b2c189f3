// SPDX-License-Identifier: Apache-2.0
import { maxUint31 } from "../frame/frame-header.js";

/** What we may still send to a peer, on one stream or on the connection (RFC 9113 section 6.9). */
export class SendWindow {
  /** Octets of DATA that may go; negative after the peer has shrunk SETTINGS_INITIAL_WINDOW_SIZE (section 6.9.2). */
  available: number;

  constructor(available: number) {
    this.available = available;
  }

  /** Moves the window by a WINDOW_UPDATE, or by a changed setting, then also down; false if it would pass 2^31-1. */
  move(octets: number): boolean {
    const available = this.available + octets;
    if (available > maxUint31) return false;
    this.available = available;
    return true;
  }

  /** `octets` of DATA went into frames. */
  take(octets: number): void {
    this.available -= octets;
  }
}
