// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "@grpc-router/http2";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "@grpc-router/protocol";
import type { CallRecord } from "./call-record.js";

/**
 * Writes response messages to a client. Every verb answers whether the connection's writer has taken all of it; if not,
 * the rest is queued there, and the instance gets no credit for it yet.
 */
export class ReplyWriter {
  readonly #prefix = new Uint8Array(MESSAGE_PREFIX_BYTES);

  /** A whole message, `bytes[start, end)` without its prefix. */
  message(call: CallRecord, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#withPrefix(call, false, end - start, bytes, start, end);
  }

  /** The first slice of a message of `length` octets. */
  firstSlice(
    call: CallRecord,
    compressed: boolean,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    return this.#withPrefix(call, compressed, length, bytes, start, end);
  }

  /** A further slice. */
  slice(call: CallRecord, bytes: Uint8Array, start: number, end: number): boolean {
    const { connection, stream } = call;
    if (connection === undefined || stream === undefined) return true;
    const offset = connection.reserve(stream, end - start);
    if (offset < 0) return connection.write(stream, bytes, start, end, false) === end - start;
    copyBytes(bytes, start, end, connection.outputBytes, offset);
    return true;
  }

  #withPrefix(
    call: CallRecord,
    compressed: boolean,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const { connection, stream } = call;
    if (connection === undefined || stream === undefined) return true;
    const offset = connection.reserve(stream, MESSAGE_PREFIX_BYTES + end - start);
    if (offset >= 0) {
      const output = connection.outputBytes;
      copyBytes(bytes, start, end, output, writeMessagePrefix(output, offset, compressed, length));
      return true;
    }
    writeMessagePrefix(this.#prefix, 0, compressed, length);
    connection.write(stream, this.#prefix, 0, MESSAGE_PREFIX_BYTES, false);
    return connection.write(stream, bytes, start, end, false) === end - start;
  }
}
