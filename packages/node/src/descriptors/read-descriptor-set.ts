// SPDX-License-Identifier: Apache-2.0

import { readFileSync, statSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { MAX_DESCRIPTOR_SET_BYTES } from "../limits.js";
import { firstLine, NodeError, systemCode } from "../node-error.js";

const remedy = "Make one: npx buf build -o image.binpb, or protoc -o image.binpb --include_imports";

/**
 * Reads a descriptor set from a file, for `createRouter().descriptors()`: what `buf build -o image.binpb` and
 * `protoc -o image.binpb --include_imports` write.
 *
 * @throws NodeError `FILE_UNREADABLE`, or `DESCRIPTOR_INVALID` for a file that is none.
 */
export function readDescriptorSet(path: string): FileDescriptorSet {
  const bytes = readBytes(path);
  let set: FileDescriptorSet;
  try {
    set = fromBinary(FileDescriptorSetSchema, bytes);
  } catch (error) {
    throw notASet(path, bytes, error);
  }
  // Other bytes may read as fields that a set does not have.
  if (set.file.length === 0 || set.file.some(({ name }) => name === "")) throw notASet(path, bytes);
  return set;
}

function readBytes(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size <= MAX_DESCRIPTOR_SET_BYTES) return readFileSync(path);
    const text = `Cannot read descriptor set ${path}: it must be at most ${MAX_DESCRIPTOR_SET_BYTES} bytes, received ${size}`;
    throw new NodeError("DESCRIPTOR_INVALID", text);
  } catch (error) {
    if (error instanceof NodeError) throw error;
    const why = systemCode(error) === "ENOENT" ? `there is no such file. ${remedy}` : firstLine(error);
    throw new NodeError("FILE_UNREADABLE", `Cannot read descriptor set ${path}: ${why}`, error);
  }
}

function notASet(path: string, bytes: Uint8Array, cause?: unknown): NodeError {
  const text = `Cannot use ${path}: it must be a descriptor set, received ${describe(bytes)}. ${remedy}`;
  return new NodeError("DESCRIPTOR_INVALID", text, cause);
}

/** What people give by mistake. */
function describe(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === undefined) return "an empty file";
  if (first === 0x1f && second === 0x8b) return "gzip; unpack it first";
  const start = Buffer.from(bytes.subarray(0, 4_096)).toString("latin1");
  if (/^\s*\{/.test(start)) return "JSON; the binary form is needed";
  if (/^\s*(?:syntax|edition|package|import|message|service|\/\/|\/\*)/.test(start))
    return "the source of a .proto file";
  return "other bytes";
}
