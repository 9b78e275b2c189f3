// SPDX-License-Identifier: Apache-2.0
import { leaksPerSecond } from "../limits.js";

/** Octets of DATA of ours for which a peer may send one WINDOW_UPDATE. */
const octetsPerWindowUpdate = 32;
/** WINDOW_UPDATE and PRIORITY frames that each stream makes plausible. */
const windowUpdatesPerStream = 2;
const prioritiesPerStream = 100;
/** Frames that may cross the end of each stream on the way. */
const straysPerStream = 2;

/**
 * Leaky buckets of one connection, named like the limits they are compared with. Raised where the event is; time leaks
 * in `leak`, which a sweep calls, so counting needs no clock.
 */
export class FloodCounters {
  refusedStreams = 0;
  peerResets = 0;
  streamErrors = 0;
  settingsFrames = 0;
  emptyFrames = 0;
  windowUpdates = 0;
  priorities = 0;
  strayFrames = 0;
  /** Answers to PING and SETTINGS since the output was last taken. */
  queuedReplies = 0;

  /** Octets of DATA that may still be on their way for streams that we have reset; they are nobody's fault. */
  strayOctets = 0;
  /** Streams opened and octets of DATA sent since they last paid for frames. */
  newStreams = 0;
  newOctets = 0;

  /** `seconds` have gone by. */
  leak(seconds: number): void {
    this.settle();
    this.refusedStreams = less(this.refusedStreams, seconds * leaksPerSecond.refusedStreams);
    this.peerResets = less(this.peerResets, seconds * leaksPerSecond.peerResets);
    this.streamErrors = less(this.streamErrors, seconds * leaksPerSecond.streamErrors);
    this.settingsFrames = less(this.settingsFrames, seconds * leaksPerSecond.settingsFrames);
    this.emptyFrames = less(this.emptyFrames, seconds * leaksPerSecond.emptyFrames);
    this.windowUpdates = less(this.windowUpdates, seconds * leaksPerSecond.windowUpdates);
    this.priorities = less(this.priorities, seconds * leaksPerSecond.priorities);
    this.strayFrames = less(this.strayFrames, seconds * leaksPerSecond.strayFrames);
  }

  /** Lets the work since the last call pay for frames that come with work; called in a sweep and when a bucket seems full. */
  settle(): void {
    const updates = this.newStreams * windowUpdatesPerStream + Math.floor(this.newOctets / octetsPerWindowUpdate);
    this.windowUpdates = less(this.windowUpdates, updates);
    this.priorities = less(this.priorities, this.newStreams * prioritiesPerStream);
    this.strayFrames = less(this.strayFrames, this.newStreams * straysPerStream);
    this.newStreams = 0;
    this.newOctets = 0;
  }
}

function less(level: number, octets: number): number {
  return Math.max(0, level - octets);
}
