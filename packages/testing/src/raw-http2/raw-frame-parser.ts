// SPDX-License-Identifier: Apache-2.0
import type { RawFrame } from "./raw-frame.js";
import { joinBytes } from "./raw-frame.js";

/** Cuts a byte stream into frames and checks nothing. */
export interface RawFrameParser {
  /** Adds bytes and returns the frames that are whole now. */
  push(bytes: Uint8Array): RawFrame[];
  /** Bytes of a frame that is not whole yet. */
  readonly rest: Uint8Array;
}

const headerLength = 9;

/** Creates a parser; bytes before the first frame, as the client's preface, are left out with `skip`. */
export function createRawFrameParser({ skip = 0 }: { readonly skip?: number } = {}): RawFrameParser {
  let rest: Uint8Array = new Uint8Array();
  let toSkip = skip;
  return {
    get rest() {
      return rest;
    },
    push(bytes) {
      rest = joinBytes(rest, bytes);
      const skipped = Math.min(toSkip, rest.length);
      rest = rest.subarray(skipped);
      toSkip -= skipped;
      const frames: RawFrame[] = [];
      for (let frame = firstFrame(rest); frame !== undefined && toSkip === 0; frame = firstFrame(rest)) {
        frames.push(frame);
        rest = rest.slice(headerLength + frame.payload.length);
      }
      return frames;
    },
  };
}

function firstFrame(bytes: Uint8Array): RawFrame | undefined {
  if (bytes.length < headerLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0) >>> 8;
  if (bytes.length < headerLength + length) return undefined;
  return {
    type: view.getUint8(3),
    flags: view.getUint8(4),
    streamId: view.getUint32(5) & 0x7fffffff,
    payload: bytes.slice(headerLength, headerLength + length),
  };
}
