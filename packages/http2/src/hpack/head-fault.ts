// SPDX-License-Identifier: Apache-2.0
import { HeadResult } from "./head-result.js";

/** What is wrong with a header block. */
export const HeadFault = {
  none: 0,
  nameEmpty: 1,
  nameUppercase: 2,
  nameInvalid: 3,
  valueInvalid: 4,
  valuePadded: 5,
  pseudoUnknown: 6,
  pseudoMisplaced: 7,
  pseudoLate: 8,
  pseudoRepeated: 9,
  connectionSpecific: 10,
  teInvalid: 11,
  methodInvalid: 12,
  schemeInvalid: 13,
  authorityInvalid: 14,
  pathInvalid: 15,
  statusInvalid: 16,
  contentLengthInvalid: 17,
  contentLengthRepeated: 18,
  hostRepeated: 19,
  hostMismatch: 20,
  methodMissing: 21,
  schemeMissing: 22,
  pathMissing: 23,
  statusMissing: 24,
  connectInvalid: 25,
  listTooLarge: 26,
  fieldsTooMany: 27,
  integerInvalid: 28,
  indexInvalid: 29,
  stringTruncated: 30,
  huffmanInvalid: 31,
  sizeUpdateLate: 32,
  sizeUpdateTooLarge: 33,
  sizeUpdatesTooMany: 34,
  sizeUpdateMissing: 35,
  listExcessive: 36,
  fieldsExcessive: 37,
} as const;
export type HeadFault = (typeof HeadFault)[keyof typeof HeadFault];

/** Each fault's result, and its message: what must be, and where it is written. */
const faults: Readonly<Record<HeadFault, readonly [result: HeadResult, message: string]>> = {
  [HeadFault.none]: [HeadResult.ok, ""],
  [HeadFault.nameEmpty]: [HeadResult.malformed, "field name must not be empty (RFC 9113 section 8.2.1)"],
  [HeadFault.nameUppercase]: [HeadResult.malformed, "field name must be lower case (RFC 9113 section 8.2.1)"],
  [HeadFault.nameInvalid]: [HeadResult.malformed, "field name must be a token (RFC 9113 section 8.2.1)"],
  [HeadFault.valueInvalid]: [HeadResult.malformed, "field value must not hold NUL, CR or LF (RFC 9113 section 8.2.1)"],
  [HeadFault.valuePadded]: [
    HeadResult.malformed,
    "field value must not begin or end with space or tab (RFC 9113 section 8.2.1)",
  ],
  [HeadFault.pseudoUnknown]: [HeadResult.malformed, "pseudo field must be a defined one (RFC 9113 section 8.3)"],
  [HeadFault.pseudoMisplaced]: [
    HeadResult.malformed,
    "pseudo field must belong to this kind of head; trailers have none (RFC 9113 section 8.3)",
  ],
  [HeadFault.pseudoLate]: [HeadResult.malformed, "pseudo fields must come before other fields (RFC 9113 section 8.3)"],
  [HeadFault.pseudoRepeated]: [HeadResult.malformed, "pseudo field must not be repeated (RFC 9113 section 8.3)"],
  [HeadFault.connectionSpecific]: [
    HeadResult.malformed,
    "connection-specific field must not be sent (RFC 9113 section 8.2.2)",
  ],
  [HeadFault.teInvalid]: [HeadResult.malformed, "te must be trailers (RFC 9113 section 8.2.2)"],
  [HeadFault.methodInvalid]: [HeadResult.malformed, ":method must be a token (RFC 9113 section 8.3.1)"],
  [HeadFault.schemeInvalid]: [HeadResult.malformed, ":scheme must be a URI scheme (RFC 9113 section 8.3.1)"],
  [HeadFault.authorityInvalid]: [
    HeadResult.malformed,
    ":authority and host must be host and port, without user information (RFC 9113 section 8.3.1)",
  ],
  [HeadFault.pathInvalid]: [
    HeadResult.malformed,
    ":path must not be empty or hold spaces and controls (RFC 9113 section 8.3.1)",
  ],
  [HeadFault.statusInvalid]: [
    HeadResult.malformed,
    ":status must be three digits and not 101 (RFC 9113 sections 8.3.2 and 8.6)",
  ],
  [HeadFault.contentLengthInvalid]: [
    HeadResult.malformed,
    "content-length must be one number below 10^15 (RFC 9113 section 8.1.1, RFC 9110 section 8.6)",
  ],
  [HeadFault.contentLengthRepeated]: [
    HeadResult.malformed,
    "content-length must not be repeated (RFC 9113 section 8.1.1, RFC 9110 section 8.6)",
  ],
  [HeadFault.hostRepeated]: [HeadResult.malformed, "host must not be repeated (RFC 9110 section 7.2)"],
  [HeadFault.hostMismatch]: [HeadResult.malformed, "host must say the same as :authority (RFC 9113 section 8.3.1)"],
  [HeadFault.methodMissing]: [HeadResult.malformed, "request must have :method (RFC 9113 section 8.3.1)"],
  [HeadFault.schemeMissing]: [HeadResult.malformed, "request must have :scheme (RFC 9113 section 8.3.1)"],
  [HeadFault.pathMissing]: [HeadResult.malformed, "request must have :path (RFC 9113 section 8.3.1)"],
  [HeadFault.statusMissing]: [HeadResult.malformed, "response must have :status (RFC 9113 section 8.3.2)"],
  [HeadFault.connectInvalid]: [
    HeadResult.malformed,
    "CONNECT must have :authority and neither :scheme nor :path (RFC 9113 section 8.5)",
  ],
  [HeadFault.listTooLarge]: [
    HeadResult.tooLarge,
    "header list must fit the announced size (RFC 9113 section 10.5.1, limit headerListBytes)",
  ],
  [HeadFault.fieldsTooMany]: [
    HeadResult.tooLarge,
    "header list must not have more fields than allowed (RFC 9113 section 10.5.1, limit headerFields)",
  ],
  [HeadFault.integerInvalid]: [
    HeadResult.compressionError,
    "integer must end within the block and within 5 octets (RFC 7541 section 5.1)",
  ],
  [HeadFault.indexInvalid]: [HeadResult.compressionError, "index must be in the tables (RFC 7541 section 2.3.3)"],
  [HeadFault.stringTruncated]: [HeadResult.compressionError, "string must end within the block (RFC 7541 section 5.2)"],
  [HeadFault.huffmanInvalid]: [
    HeadResult.compressionError,
    "Huffman code must hold no EOS and end in at most 7 ones (RFC 7541 section 5.2)",
  ],
  [HeadFault.sizeUpdateLate]: [
    HeadResult.compressionError,
    "table size update must be at the start of the block (RFC 7541 section 4.2)",
  ],
  [HeadFault.sizeUpdateTooLarge]: [
    HeadResult.compressionError,
    "table size must not exceed the announced one (RFC 7541 section 6.3)",
  ],
  [HeadFault.sizeUpdatesTooMany]: [
    HeadResult.compressionError,
    "block must not have more than 2 table size updates (RFC 7541 section 4.2)",
  ],
  [HeadFault.sizeUpdateMissing]: [
    HeadResult.compressionError,
    "block must begin with a table size update after the announced size fell (RFC 7541 section 4.2)",
  ],
  [HeadFault.listExcessive]: [
    HeadResult.enhanceYourCalm,
    "header list must not exceed 4 times the announced size (RFC 9113 section 10.5.1, limit headerListBytes)",
  ],
  [HeadFault.fieldsExcessive]: [
    HeadResult.enhanceYourCalm,
    "header list must not exceed 4 times the allowed fields (RFC 9113 section 10.5.1, limit headerFields)",
  ],
};

/** What the connection does about `fault`. */
export function resultOfFault(fault: HeadFault): HeadResult {
  return faults[fault][0];
}

/** `fault` as a sentence without a first capital, to be put behind what was refused. */
export function describeFault(fault: HeadFault): string {
  return faults[fault][1];
}
