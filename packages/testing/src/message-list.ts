// SPDX-License-Identifier: Apache-2.0
import { joinBytes } from "./raw-http2/raw-frame.js";

/** One gRPC message as it was on the wire. */
export interface WireMessage {
  /** The compressed flag of the prefix. */
  readonly compressed: boolean;
  readonly bytes: Uint8Array;
}

/** Collects the gRPC messages of a byte stream. */
export interface MessageList {
  readonly messages: readonly WireMessage[];
  /** Bytes of a message that is not whole. */
  readonly restBytes: number;
  push(bytes: Uint8Array): void;
}

const prefixLength = 5;

/** Creates an empty list. Written apart from the router's own splitter, so that it is an oracle for it. */
export function createMessageList(): MessageList {
  const messages: WireMessage[] = [];
  const pieces: Uint8Array[] = [];
  let size = 0;
  /** Bytes that the next message needs; unknown before its prefix is here. */
  let needed = prefixLength;
  return {
    messages,
    get restBytes() {
      return size;
    },
    push(bytes) {
      pieces.push(bytes.slice());
      size += bytes.length;
      if (size < needed) return;
      const all = joinBytes(...pieces.splice(0));
      const view = new DataView(all.buffer);
      let at = 0;
      for (; size >= prefixLength; size -= needed, at += needed) {
        needed = prefixLength + view.getUint32(at + 1);
        if (size < needed) break;
        messages.push({ compressed: all[at] === 1, bytes: all.slice(at + prefixLength, at + needed) });
      }
      if (size < prefixLength) needed = prefixLength;
      if (size > 0) pieces.push(all.subarray(at));
    },
  };
}
