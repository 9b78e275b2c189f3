// SPDX-License-Identifier: Apache-2.0

import { MAX_METADATA_BYTES, MAX_METADATA_ENTRIES, METADATA_ENTRY_OVERHEAD } from "../limits.js";
import { ByteSlab, MAX_PIECE_BYTES } from "./byte-slab.js";
import { copyBytes } from "./copy-bytes.js";
import { MetadataCursor } from "./metadata-cursor.js";
import { type MetadataList, sizeofMetadataList, writeMetadataList } from "./write-text-field.js";

const cursor = new MetadataCursor();
const slab = new ByteSlab();

/**
 * The CallStart, Header or End `bytes[0, end)` with `list`, of ASCII, in its metadata (field `fieldNumber`) in place of what
 * has the same names. Undefined: that is more metadata than a peer takes, or the message is malformed.
 */
export function replaceMetadata(
  bytes: Uint8Array,
  end: number,
  fieldNumber: number,
  list: MetadataList,
): Uint8Array | undefined {
  const mostBytes = end + sizeofMetadataList(list);
  const isSmall = mostBytes <= MAX_PIECE_BYTES;
  if (isSmall) slab.reserve(mostBytes);
  const target = isSmall ? slab.bytes : new Uint8Array(mostBytes);
  let size = isSmall ? slab.offset : 0;
  let entries = list.length;
  let sizeBytes = 0;
  for (const entry of list) sizeBytes += entry[0].length + entry[1].length + METADATA_ENTRY_OVERHEAD;
  cursor.reset(bytes, 0, end, fieldNumber);
  const { fields } = cursor;
  // What is kept is copied in runs, which are nearly always one.
  let keptFrom = 0;
  let fieldFrom = 0;
  for (let number = fields.next(); number !== 0; number = fields.next()) {
    if (number < 0) return undefined;
    if (number === fieldNumber) {
      if (!cursor.readEntry(bytes, fields.valueStart, fields.valueEnd)) return undefined;
      if (isOneOf(list)) {
        size = copyBytes(bytes, keptFrom, fieldFrom, target, size);
        keptFrom = fields.offset;
      } else {
        entries++;
        sizeBytes += cursor.sizeBytes + METADATA_ENTRY_OVERHEAD;
      }
    }
    fieldFrom = fields.offset;
  }
  size = copyBytes(bytes, keptFrom, end, target, size);
  if (entries > MAX_METADATA_ENTRIES || sizeBytes > MAX_METADATA_BYTES) return undefined;
  size = writeMetadataList(target, size, fieldNumber, list);
  return isSmall ? slab.take(size) : target.subarray(0, size);
}

function isOneOf(list: MetadataList): boolean {
  for (const entry of list) if (cursor.isNamed(entry[0])) return true;
  return false;
}
