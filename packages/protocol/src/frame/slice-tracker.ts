// SPDX-License-Identifier: Apache-2.0

import { FrameFault } from "./frame-fault.js";
import type { FragmentView } from "./read-fragment.js";

/** Follows the slices of one direction of a call and finds the one that does not fit (docs/channel.md section 3). */
export class SliceTracker {
  /** Octets of the message at hand that are still to come; 0 between messages. */
  remaining = 0;
  /** The compressed flag of the message at hand. */
  compressed = false;

  /** Whether a message has begun and not ended: then no half_close, no member and no End with code 0 may come. */
  get isOpen(): boolean {
    return this.remaining > 0;
  }

  /** Takes the next slice. Of a first one, its data and `fragment.remaining` are the length of the whole message. */
  accept(fragment: FragmentView): FrameFault {
    const size = fragment.dataEnd - fragment.dataStart;
    if (this.remaining > 0) {
      if (size === 0 || size + fragment.remaining !== this.remaining) return FrameFault.fragmentInvalid;
      if (fragment.compressed !== this.compressed) return FrameFault.fragmentInvalid;
    } else {
      // An empty message is one empty slice; an empty slice of anything longer would be work without progress.
      if (size === 0 && fragment.remaining > 0) return FrameFault.fragmentInvalid;
      this.compressed = fragment.compressed;
    }
    this.remaining = fragment.remaining;
    return FrameFault.none;
  }
}
