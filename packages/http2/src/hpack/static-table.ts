// SPDX-License-Identifier: Apache-2.0

import { FieldName } from "./field-name.js";
import { fieldNameBytes, findFieldName } from "./field-name-lookup.js";
import { checkFieldName } from "./field-rules.js";
import { fieldBytes } from "./field-text.js";
import { Entry } from "./table-entry.js";

/** The static table (RFC 7541 appendix A) in order of index; index 0 is none. */
export const staticFields: readonly (readonly [name: string, value: string])[] = [
  ["", ""],
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** Entries of the static table; dynamic indexes begin behind it. */
export const staticTableLength = 61;

/** Makes the entries once for every reader, because a reader leaves notes on them. Index 0 is undefined. */
export function createStaticTable(): readonly (Entry | undefined)[] {
  return staticFields.map(([name, value], index) => (index === 0 ? undefined : createEntry(name, value)));
}

function createEntry(name: string, value: string): Entry {
  const bytes = fieldBytes(name);
  const nameId = findFieldName(bytes, 0, bytes.length);
  const nameFault = checkFieldName(nameId, bytes, 0, bytes.length);
  const valueBytes = fieldBytes(value);
  const nameBytes = nameId === FieldName.none ? bytes : fieldNameBytes(nameId);
  return new Entry({ nameId, nameFault }, nameBytes, valueBytes, 0, valueBytes.length);
}
