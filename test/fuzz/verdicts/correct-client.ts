// SPDX-License-Identifier: Apache-2.0
import {
  type RawField,
  RawFlag,
  RawType,
  rawContinuation,
  rawData,
  rawFrame,
  rawHeaders,
  rawLiterals,
  rawPing,
  rawPriority,
  rawReset,
  rawSettings,
  rawWindowUpdate,
  type SeededRandom,
} from "@grpc-router/testing";

const pseudo: readonly RawField[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/test.Echo/Unary"],
  [":authority", "test"],
];
const trailers = rawLiterals([["x-trailer", "1"]]);
const maxDataBytes = 200;

/** What a stream may still say. */
interface OpenStream {
  readonly id: number;
  /** Octets of its content-length still to come; -1: it has none. */
  left: number;
}

/** Frames of a client that keeps every rule, for a server that answers nothing. */
export class CorrectClient {
  readonly #random: SeededRandom;
  #nextId = 1;
  readonly #open: OpenStream[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** One frame, or HEADERS with its CONTINUATION. */
  next(): Uint8Array {
    const random = this.#random;
    const stream = this.#open[random.integer(this.#open.length + 1)];
    if (stream === undefined || random.integer(4) === 0) return this.#request();
    switch (random.integer(9)) {
      case 0:
        return rawWindowUpdate(random.integer(2) === 0 ? 0 : stream.id, 1 + random.integer(100_000));
      case 1:
        return rawSettings([
          [4, random.integer(1_000_000)],
          [1, random.integer(8_192)],
        ]);
      case 2:
        return rawPing(Array.from({ length: 8 }, () => random.integer(256)));
      case 3:
        return rawPriority(stream.id, stream.id + 2 * (1 + random.integer(5)));
      case 4:
        return rawFrame(0x20 + random.integer(100), random.randomBytes(random.integer(20)), { streamId: stream.id });
      case 5:
        this.#forget(stream);
        return rawReset(stream.id, 8);
      case 6:
        return stream.left <= 0 ? this.#end(stream) : this.#data(stream);
      default:
        return this.#data(stream);
    }
  }

  #request(): Uint8Array {
    const random = this.#random;
    const streamId = this.#nextId;
    this.#nextId += 2 * (1 + random.integer(2));
    const endStream = random.integer(4) === 0;
    const length = !endStream && random.integer(3) === 0 ? random.integer(maxDataBytes) : -1;
    const more: RawField[] = length < 0 ? [] : [["content-length", `${length}`]];
    const block = rawLiterals([...pseudo, ...more], random.integer(2) === 0 ? "withIndexing" : "withoutIndexing");
    if (!endStream) this.#open.push({ id: streamId, left: length });
    if (random.integer(4) > 0) return rawHeaders(streamId, block, endStream);
    const cut = random.integer(block.length + 1);
    const flags = endStream ? RawFlag.endStream : 0;
    const head = rawFrame(RawType.headers, block.subarray(0, cut), { streamId, flags });
    return Uint8Array.from([...head, ...rawContinuation(streamId, block.subarray(cut), true)]);
  }

  #data(stream: OpenStream): Uint8Array {
    const random = this.#random;
    const most = stream.left < 0 ? maxDataBytes : stream.left;
    const length = random.integer(most + 1);
    if (stream.left >= 0) stream.left -= length;
    // What ends a stream with a content-length has all of it.
    const endStream = stream.left === 0 || (stream.left < 0 && random.integer(4) === 0);
    if (endStream) this.#forget(stream);
    const octets = random.randomBytes(length);
    if (random.integer(4) > 0) return rawData(stream.id, octets, endStream);
    const padding = random.integer(20);
    const flags = RawFlag.padded | (endStream ? RawFlag.endStream : 0);
    return rawFrame(RawType.data, [padding, ...octets, ...new Array<number>(padding).fill(0)], {
      flags,
      streamId: stream.id,
    });
  }

  #end(stream: OpenStream): Uint8Array {
    this.#forget(stream);
    return rawHeaders(stream.id, trailers, true);
  }

  #forget(stream: OpenStream): void {
    this.#open.splice(this.#open.indexOf(stream), 1);
  }
}
