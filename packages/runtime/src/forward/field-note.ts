// SPDX-License-Identifier: Apache-2.0
import type { Target } from "../registry/target.js";

/**
 * What was worked out about a table entry when it was first seen, so that the next request which refers to it copies or
 * assigns and parses nothing.
 */
export class FieldNote {
  /** The field, encoded for the CallStart. */
  readonly encoded: Uint8Array;
  /** What it counts towards the metadata limit; 0 if it is no metadata. */
  readonly sizeBytes: number;
  /** A timeout in microseconds, a verb, a content type. */
  readonly value: number;
  readonly target: Target | undefined;

  constructor(encoded: Uint8Array, sizeBytes: number, value: number, target: Target | undefined) {
    this.encoded = encoded;
    this.sizeBytes = sizeBytes;
    this.value = value;
    this.target = target;
  }
}
