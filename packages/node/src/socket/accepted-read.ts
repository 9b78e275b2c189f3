// SPDX-License-Identifier: Apache-2.0
// Measured gain: see read-buffer.ts. Node offers a caller's read buffer (`onread`) only for sockets that it dials; an
// accepted socket has the same machinery behind three symbols. All of it is checked before use, and the 'data' event is
// both the fallback and the test oracle.

import type { Socket } from "node:net";

/** Handles `length` octets at the start of the buffer given to `readInto`. */
export type ReadCallback = (length: number) => void;

/**
 * Makes `socket` read into `buffer` and call `onRead` instead of emitting 'data'. Must be called before the first read.
 * False if this Node's sockets are not built as expected; then nothing was changed.
 */
export function readInto(socket: Socket, buffer: Uint8Array, onRead: ReadCallback): boolean {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null) return false;
  const useUserBuffer: unknown = Reflect.get(handle, "useUserBuffer");
  const slots = bufferSlots(socket);
  if (typeof useUserBuffer !== "function" || slots === undefined) return false;
  // The same four steps that the constructor of net.Socket takes for `onread`.
  Reflect.set(socket, slots.buffer, buffer);
  Reflect.set(socket, slots.callback, (length: number) => {
    onRead(length);
    return true; // false would stop reading; pause() does that
  });
  Reflect.apply(useUserBuffer, handle, [buffer]);
  return true;
}

interface BufferSlots {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** The symbols under which a socket keeps its `onread` buffer and callback, if both are there and unused. */
function bufferSlots(socket: Socket): BufferSlots | undefined {
  let buffer: symbol | undefined;
  let callback: symbol | undefined;
  let generator: symbol | undefined;
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description === "kBuffer") buffer = symbol;
    else if (symbol.description === "kBufferCb") callback = symbol;
    else if (symbol.description === "kBufferGen") generator = symbol;
  }
  if (buffer === undefined || callback === undefined || generator === undefined) return undefined;
  const unused = [buffer, callback, generator].every((symbol) => Reflect.get(socket, symbol) === null);
  return unused ? { buffer, callback } : undefined;
}
