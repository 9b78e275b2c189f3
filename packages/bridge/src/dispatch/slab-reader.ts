// SPDX-License-Identifier: Apache-2.0

import { BinaryReader } from "@bufbuild/protobuf/wire";
import { copyOf } from "@grpc-router/protocol";

/** The reader of protobuf-es over a slab; it is moved from message to message. */
export class SlabReader extends BinaryReader {
  /** What it reads. */
  readonly buffer: ArrayBufferLike;
  readonly #bytes: Uint8Array;

  constructor(buffer: ArrayBufferLike) {
    const bytes = new Uint8Array(buffer);
    super(bytes);
    this.buffer = buffer;
    this.#bytes = bytes;
  }

  /** As `bytes()`, but not a view. */
  ownBytes(): Uint8Array {
    const size = this.uint32();
    const start = this.pos;
    this.pos += size;
    if (this.pos > this.len) throw new RangeError("premature EOF");
    return copyOf(this.#bytes, start, this.pos);
  }
}
