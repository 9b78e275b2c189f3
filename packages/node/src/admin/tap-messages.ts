// SPDX-License-Identifier: Apache-2.0

import { create, type DescMessage, fromBinary, toJsonString } from "@bufbuild/protobuf";
import type { MessagePiece } from "@grpc-router/runtime";
import { type TapMessage, TapMessageSchema } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { TAP_GATHERED_BYTES } from "../limits.js";

/** Room for messages of a tap that come in pieces. */
export class GatheringRoom {
  #usedBytes = 0;

  /** False: there is none. */
  take(sizeBytes: number): boolean {
    if (this.#usedBytes + sizeBytes > TAP_GATHERED_BYTES) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }

  giveBack(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
  }
}

/** A message that is whole, of which the first octets were kept. */
interface Gathered {
  readonly data: Uint8Array;
  readonly sizeBytes: number;
  readonly compressed: boolean;
}

const noBytes = new Uint8Array(0);

/** Puts the messages of one direction of a call together, as far as they are shown. */
export class MessageGatherer {
  readonly #room: GatheringRoom;
  readonly #maxBytes: number;
  #kept = noBytes;
  #length = 0;
  #sizeBytes = 0;
  #isOpen = false;

  constructor(room: GatheringRoom, maxBytes: number) {
    this.#room = room;
    this.#maxBytes = maxBytes;
  }

  /** Answers the message that the piece ends. */
  add({ bytes, start, end, left, compressed }: MessagePiece): Gathered | undefined {
    if (!this.#isOpen) this.#begin(end - start + left);
    const kept = bytes.subarray(start, Math.min(end, start + this.#kept.length - this.#length));
    this.#kept.set(kept, this.#length);
    this.#length += kept.length;
    if (left > 0) return undefined;
    const message = { data: this.#kept.subarray(0, this.#length), sizeBytes: this.#sizeBytes, compressed };
    this.reset();
    return message;
  }

  /** What is begun will not go on: another attempt begins, or the call is over. */
  reset(): void {
    this.#room.giveBack(this.#kept.length);
    this.#kept = noBytes;
    this.#length = 0;
    this.#isOpen = false;
  }

  #begin(sizeBytes: number): void {
    const wanted = Math.min(sizeBytes, this.#maxBytes);
    this.#kept = this.#room.take(wanted) ? new Uint8Array(wanted) : noBytes;
    this.#sizeBytes = sizeBytes;
    this.#isOpen = true;
  }
}

/** What is told of a message: JSON if it is whole and its schema is known, else its first octets. */
export function tapMessageOf(
  { data, sizeBytes, compressed }: Gathered,
  { reply, schema }: { readonly reply: boolean; readonly schema: DescMessage | undefined },
): TapMessage {
  const about = { reply, size: BigInt(sizeBytes), compressed };
  const isReadable = schema !== undefined && !compressed && data.length === sizeBytes;
  const json = isReadable ? jsonOf(schema, data) : undefined;
  return create(TapMessageSchema, json === undefined ? { ...about, data } : { ...about, json });
}

/** Undefined: it is no such message, or has an Any of a type that is not known. */
function jsonOf(schema: DescMessage, data: Uint8Array): string | undefined {
  try {
    return toJsonString(schema, fromBinary(schema, data));
  } catch {
    return undefined;
  }
}
