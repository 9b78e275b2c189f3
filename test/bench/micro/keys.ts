// SPDX-License-Identifier: Apache-2.0
// What a key costs a call, with Node 24 at 2.6 GHz: the hash of 36 octets 97 ns; such a key with its hash 150 ns in a message of
// 5 fields, 220 ns in front of 48 fields in 1 KiB or of 2,000 messages, since the first 32 fields are always walked at 3 ns
// each, 265 ns behind 48 fields. Decoding 5 fields takes 3,000 ns. docs/balancing.md has the figures of the last whole run.
import {
  compileKeyScanner,
  hashKey,
  KeyBytes,
  KeyHash,
  MetadataKey,
  START_METADATA_NUMBER,
  sizeofMetadataEntry,
  writeMetadataEntry,
  xxh64,
} from "@grpc-router/protocol";
import type { Operation } from "./operation.ts";

const encoder = new TextEncoder();
const uuid = encoder.encode("6f1c9a52-0f4e-4b0e-9d1b-2f6f0c7d9e11");
const key = new KeyBytes();
const hash = new KeyHash();

/** Field 7, the key: a text of 36 octets. */
const keyField = [0x3a, uuid.length, ...uuid];
/** Four other fields of 20 octets: a text, two numbers, a fixed64. */
const others = [0x0a, 4, 1, 2, 3, 4, 0x10, 1, 0x18, 0x80, 1, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
/** 24 texts of 36 octets, each with a number: with the key 49 fields and 1 KiB. */
const manyOthers = Array.from({ length: 24 }, () => [0x0a, uuid.length, ...uuid, 0x10, 1]).flat();
/** A list of 2,000 messages of 20 octets. */
const list = Array.from({ length: 2_000 }, () => [0x42, 18, ...uuid.subarray(0, 18)]).flat();

/** Keys of calls: found in a message or in metadata, and hashed. */
export const keyOperations: readonly Operation[] = [
  ...[8, 36, 1_024].map((size): Operation => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => uuid[index % uuid.length] ?? 0);
    return {
      name: `key: XXH64 of ${size} octets`,
      run(count) {
        let sum = 0;
        for (let index = 0; index < count; index++) {
          xxh64(bytes, 0, size, hash);
          sum ^= hash.low;
        }
        return sum;
      },
    };
  }),
  fromMessage("last of 5 fields, 58 octets", [...others, ...keyField]),
  fromMessage("first of 5 fields, 58 octets", [...keyField, ...others]),
  fromMessage("last of 49 fields, 1 KiB", [...manyOthers, ...keyField]),
  fromMessage("first of 49 fields, 1 KiB", [...keyField, ...manyOthers]),
  fromMessage("inside of a message, 60 octets", [...others, 0x4a, keyField.length, ...keyField], [9, 7]),
  fromMessage("in front of a list of 2,000 messages", [...keyField, ...list]),
  fromMessage("behind a list of 2,000 messages", [...list, ...keyField]),
  fromMetadata(),
];

function fromMessage(where: string, octets: readonly number[], fields: readonly number[] = [7]): Operation {
  const bytes = Uint8Array.from(octets);
  const scanner = compileKeyScanner({ path: "key", fields, kind: "string" });
  return {
    name: `key: a text of 36 octets, ${where}, with its hash`,
    run(count) {
      let sum = 0;
      for (let index = 0; index < count; index++) {
        if (scanner.scan(bytes, 0, bytes.length, key)) hashKey(key, hash);
        sum ^= hash.low;
      }
      return sum;
    },
  };
}

function fromMetadata(): Operation {
  const names = ["user-agent", "x-request-id", "traceparent", "x-tenant-id"].map((name) => encoder.encode(name));
  const bytes = new Uint8Array(names.reduce((sum, { length }) => sum + sizeofMetadataEntry(length, uuid.length), 0));
  let at = 0;
  for (const name of names) {
    at = writeMetadataEntry(bytes, at, START_METADATA_NUMBER, {
      nameBytes: name,
      nameStart: 0,
      nameEnd: name.length,
      valueBytes: uuid,
      valueStart: 0,
      valueEnd: uuid.length,
    });
  }
  const reader = new MetadataKey("x-tenant-id");
  return {
    name: "key: the fourth metadata field, 36 octets, with its hash",
    run(count) {
      let sum = 0;
      for (let index = 0; index < count; index++) {
        if (reader.read(bytes, 0, at, START_METADATA_NUMBER, key)) hashKey(key, hash);
        sum ^= hash.low;
      }
      return sum;
    },
  };
}
