// SPDX-License-Identifier: Apache-2.0

/** Streams remembered: more than may be on their way in one read. */
const slots = 64;

/**
 * The last streams whose peer has ended its side, by END_STREAM or RST_STREAM: HEADERS or DATA on one of them is proof
 * of a fault (RFC 9113 section 5.1). Frames on any other closed stream may have crossed a reset of ours and are skipped.
 */
export class EndedStreams {
  /** By the id's low bits; grows with use, as many connections see few streams. */
  readonly #ids: number[] = [];

  remember(id: number): void {
    this.#ids[(id >> 1) & (slots - 1)] = id;
  }

  has(id: number): boolean {
    return this.#ids[(id >> 1) & (slots - 1)] === id;
  }
}
