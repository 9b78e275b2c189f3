// SPDX-License-Identifier: Apache-2.0
import { RawFlag, RawType } from "../raw-http2/raw-frame.js";

/** What a reader finds on a connection. */
export interface DataSink {
  /** A piece of the DATA of a stream. */
  onData(streamId: number, bytes: Uint8Array, start: number, end: number): void;
  /** The sender of this direction has ended or reset the stream. */
  onStreamEnd(streamId: number): void;
}

const headerBytes = 9;
/** Length of a client's preface (RFC 9113 section 3.4). */
export const prefaceBytes = 24;

/** Follows one direction of an HTTP/2 connection from outside, frame by frame, and checks nothing. */
export class DataReader {
  readonly #sink: DataSink;
  readonly #header = new Uint8Array(headerBytes);
  #headerRead = 0;
  #left = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #skip: number;

  /** `skip`: bytes before the first frame. */
  constructor(sink: DataSink, skip: number) {
    this.#sink = sink;
    this.#skip = skip;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start + Math.min(this.#skip, end - start);
    this.#skip -= at - start;
    while (at < end) {
      if (this.#headerRead < headerBytes) {
        this.#header[this.#headerRead++] = bytes[at++] ?? 0;
        if (this.#headerRead < headerBytes) continue;
        this.#beginFrame();
      } else {
        const size = Math.min(this.#left, end - at);
        if (this.#type === RawType.data) this.#sink.onData(this.#streamId, bytes, at, at + size);
        at += size;
        this.#left -= size;
      }
      if (this.#left === 0) this.#endFrame();
    }
  }

  #beginFrame(): void {
    const view = new DataView(this.#header.buffer);
    this.#left = view.getUint32(0) >>> 8;
    this.#type = view.getUint8(3);
    this.#flags = view.getUint8(4);
    this.#streamId = view.getUint32(5) & 0x7fffffff;
  }

  #endFrame(): void {
    this.#headerRead = 0;
    const carriesEnd = this.#type === RawType.data || this.#type === RawType.headers;
    const isEnd = carriesEnd && (this.#flags & RawFlag.endStream) !== 0;
    if (isEnd || this.#type === RawType.rstStream) this.#sink.onStreamEnd(this.#streamId);
  }
}
