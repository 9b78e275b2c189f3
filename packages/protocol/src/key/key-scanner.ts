// SPDX-License-Identifier: Apache-2.0
// Reads one field of an encoded message without decoding it. (Figures: `node test/bench/micro.ts --only key`.)
import type { RouteKeyFacts } from "../codegenv1/types.js";
import { WireType } from "../frame/field-cursor.js";
import { EXACT_KEY_FIELDS, MAX_KEY_FIELDS } from "../limits.js";
import { FieldWalk, readTag, skipShortFields, skipValue } from "./field-walk.js";
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
  /** For each step the tags that clear it; undefined if nothing does. */
  readonly #rivals: readonly (readonly number[])[] | undefined;
  readonly #walk = new FieldWalk();
  /** Ends of the messages around the one at hand. */
  readonly #limits: number[];
  /** The value found last. */
  #valueStart = 0;
  #valueEnd = 0;

  /** @private Use `compileKeyScanner`. */
  constructor({ fields, kind, groups = [], rivals }: KeyPath) {
    this.#kind = kind;
    const leaf = fields.length - 1;
    this.#tags = Int32Array.from(fields, (number, step) => {
      if (step === leaf) return (number << 3) | wireTypeOfKind(kind);
      return (number << 3) | (groups.includes(step) ? WireType.groupStart : WireType.length);
    });
    this.#rivals = rivals?.map((clearing) => clearing.map((tag) => tag | 0));
    this.#limits = fields.map(() => 0);
  }

  /**
   * Reads the key of the message `bytes[start, end)` into `out`. False if there is none: the field is absent, has its kind's
   * zero value, is longer than `MAX_KEY_BYTES`, or what was looked at is malformed. Never throws, never looks outside of
   * [start, end), and makes no object but, for float and double, a short string.
   */
  scan(bytes: Uint8Array, start: number, end: number, out: KeyBytes): boolean {
    return this.#find(bytes, start, end) && readKeyValue(this.#kind, bytes, this.#valueStart, this.#valueEnd, out);
  }

  /** Leaves the value in `#valueStart` and `#valueEnd`; false if there is none, or if the message is malformed. */
  #find(bytes: Uint8Array, start: number, end: number): boolean {
    const walk = this.#walk;
    const tags = this.#tags;
    const leaf = tags.length - 1;
    let found = false;
    let level = 0;
    let at = start;
    let limit = end;
    walk.wanted = tags[0] as number;
    walk.most = MAX_KEY_FIELDS;
    for (walk.count = 0; walk.count < walk.most; ) {
      const rivals = found ? this.#rivals?.[level] : undefined;
      if (rivals === undefined) at = skipShortFields(bytes, at, limit, walk);
      if (walk.count === walk.most) break;
      if (at === limit) {
        // A group ends with a tag, not with the message around it.
        if (level === 0 || isGroup(tags[level - 1] as number)) return found && level === 0;
        walk.wanted = tags[--level] as number;
        limit = this.#limits[level] as number;
        continue;
      }
      walk.count++;
      at = readTag(bytes, at, limit, walk);
      if (at < 0) return false;
      const tag = walk.tag;
      if ((tag & 7) === WireType.groupEnd) {
        if (level === 0 || tag !== (tags[--level] as number) + 1) return false;
        walk.wanted = tags[level] as number;
        continue;
      }
      const isWanted = tag === walk.wanted;
      const next = isWanted && isGroup(tag) ? limit : skipValue(bytes, at, limit, walk);
      if (next < 0) return false;
      if (!isWanted) {
        at = next;
        if (rivals?.includes(tag)) found = false;
      } else if (level === leaf) {
        found = true;
        this.#valueStart = walk.valueStart;
        this.#valueEnd = next;
        at = next;
      } else {
        if (!isGroup(tag)) at = walk.valueStart;
        this.#limits[level++] = limit;
        walk.wanted = tags[level] as number;
        limit = next;
      }
      walk.most = found ? EXACT_KEY_FIELDS : MAX_KEY_FIELDS;
    }
    return found;
  }
}

function isGroup(tag: number): boolean {
  return (tag & 7) === WireType.groupStart;
}
