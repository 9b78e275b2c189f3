// SPDX-License-Identifier: Apache-2.0
// Reads one field of an encoded message without decoding it, at 3 ns a field. (Figures: `node test/bench/micro.ts --only key`.)
import type { RouteKeyFacts } from "../codegenv1/types.js";
import { WireType } from "../frame/field-cursor.js";
import { EXACT_KEY_FIELDS, MAX_KEY_FIELDS } from "../limits.js";
import { FieldWalk } from "./field-walk.js";
import type { KeyBytes } from "./key-bytes.js";
import type { KeyKind } from "./key-kind.js";
import { readKeyValue, wireTypeOfKind } from "./read-key-value.js";

/** A path that is complete: `resolveKeyPath` makes one, and so does the generator. */
export interface KeyPath extends RouteKeyFacts {
  readonly kind: KeyKind;
}

/** Makes what reads the field at `path` of encoded messages. One serves all calls of a method. */
export function compileKeyScanner(path: KeyPath): KeyScanner {
  return new KeyScanner(path);
}

/**
 * Finds the field that a decoder would find: the last occurrence counts, occurrences of the messages around it are merged, a
 * later member of a oneof takes the place of an earlier one, unknown fields and fields of another wire type are passed over.
 *
 * It looks no further than it must: behind `EXACT_KEY_FIELDS` fields what it has found so far counts, so that a key in front
 * of a long list costs no walk through the list. Encoders write a singular field once, so this shows only in messages that
 * were made by joining others and have more fields than that. Behind `MAX_KEY_FIELDS` fields there is no key. Fields inside
 * of messages that are not on the path are neither looked at nor counted.
 */
export class KeyScanner {
  readonly #kind: KeyKind;
  /** The tag of each step. */
  readonly #tags: Int32Array;
  /** For each step the tags that clear it. */
  readonly #rivals: readonly (readonly number[])[];
  readonly #walk = new FieldWalk();
  /** Ends of the messages around the one at hand. */
  readonly #limits: number[];
  /** Where the value found last begins; -1: none. */
  #valueStart = -1;
  #valueEnd = -1;

  /** @private Use `compileKeyScanner`. */
  constructor({ fields, kind, groups = [], rivals = [] }: KeyPath) {
    this.#kind = kind;
    const leaf = fields.length - 1;
    this.#tags = Int32Array.from(fields, (number, step) => {
      if (step === leaf) return (number << 3) | wireTypeOfKind(kind);
      return (number << 3) | (groups.includes(step) ? WireType.groupStart : WireType.length);
    });
    this.#rivals = fields.map((_, step) => (rivals[step] ?? []).map((tag) => tag | 0));
    this.#limits = fields.map(() => 0);
  }

  /**
   * Reads the key of the message `bytes[start, end)` into `out`. False if there is none: the field is absent, has its kind's
   * zero value, is longer than `MAX_KEY_BYTES`, or what was looked at is malformed. Never throws, never looks outside of
   * [start, end), and makes no object but, for float and double, a short string.
   */
  scan(bytes: Uint8Array, start: number, end: number, out: KeyBytes): boolean {
    if (!this.#find(bytes, start, end) || this.#valueStart < 0) return false;
    return readKeyValue(this.#kind, bytes, this.#valueStart, this.#valueEnd, out);
  }

  /** Leaves the value in `#valueStart` and `#valueEnd`; false if the message is malformed. */
  #find(bytes: Uint8Array, start: number, end: number): boolean {
    const walk = this.#walk;
    const tags = this.#tags;
    const leaf = tags.length - 1;
    let level = 0;
    let at = start;
    let limit = end;
    walk.count = 0;
    this.#valueStart = -1;
    while (!this.#isEnough(walk.count++)) {
      for (; at === limit; limit = this.#limits[level] as number) {
        // A group ends with a tag, not with the message around it.
        if (level === 0 || isGroup(tags[level - 1] as number)) return level === 0;
        level--;
      }
      at = walk.readTag(bytes, at, limit);
      if (at < 0) return false;
      const tag = walk.tag;
      if ((tag & 7) === WireType.groupEnd) {
        if (level === 0 || tag !== (tags[--level] as number) + 1) return false;
        continue;
      }
      const isStep = tag === tags[level];
      if (isStep && isGroup(tag)) {
        this.#limits[level++] = limit;
        continue;
      }
      const next = walk.skipValue(bytes, at, limit, 0);
      if (next < 0) return false;
      if (isStep && level < leaf) {
        this.#limits[level++] = limit;
        limit = next;
        at = walk.valueStart;
        continue;
      }
      if (isStep) {
        this.#valueStart = walk.valueStart;
        this.#valueEnd = next;
      } else if (this.#rivals[level]?.includes(tag)) this.#valueStart = -1;
      at = next;
    }
    return true;
  }

  #isEnough(count: number): boolean {
    return count >= EXACT_KEY_FIELDS && (this.#valueStart >= 0 || count >= MAX_KEY_FIELDS);
  }
}

function isGroup(tag: number): boolean {
  return (tag & 7) === WireType.groupStart;
}
