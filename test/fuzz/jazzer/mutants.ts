// SPDX-License-Identifier: Apache-2.0
import type { FuzzTarget } from "../fuzz-targets.ts";

/** A fault put into the code under test for one run: a target that does not find it would not find the like of it. */
export interface Mutant {
  readonly name: string;
  readonly target: FuzzTarget;
  /** Below `packages/`. */
  readonly file: string;
  /** Text of the file, there exactly once, and what stands in its place. */
  readonly from: string;
  readonly to: string;
}

export const mutants: readonly Mutant[] = [
  {
    name: "the dynamic table is an octet too large",
    target: "hpack",
    file: "http2/src/hpack/dynamic-table.ts",
    from: "this.#evict(this.#maxBytes - size);",
    to: "this.#evict(this.#maxBytes - size + 1);",
  },
  {
    name: "Huffman padding of 8 bits is taken",
    target: "hpack",
    file: "http2/src/hpack/huffman-decode.ts",
    from: "ones <= 7; ones++",
    to: "ones <= 8; ones++",
  },
  {
    name: "frames are read on after the end",
    target: "frames",
    file: "http2/src/connection/receive-frames.ts",
    from: "while (!context.closed && end - at >= frameHeaderBytes)",
    to: "while (end - at >= frameHeaderBytes)",
  },
  {
    name: "a stream is closed twice",
    target: "frames",
    file: "http2/src/connection/close-stream.ts",
    from: "if (!stream.isOpen) return;",
    to: "",
  },
  {
    name: "padding is not given back",
    target: "session",
    file: "http2/src/connection/receive-data.ts",
    from: "if (padding > 0) giveWindows(context, stream, padding);",
    to: "",
  },
  {
    name: "the connection's window does not hold DATA back",
    target: "session",
    file: "http2/src/connection/send-octets.ts",
    from: "Math.min(end - start, stream.send.available, context.send.available)",
    to: "Math.min(end - start, stream.send.available)",
  },
  {
    name: "SETTINGS do not shrink windows",
    target: "session",
    file: "http2/src/connection/receive-settings.ts",
    from: "stream.send.move(change)",
    to: "stream.send.move(Math.max(0, change))",
  },
  {
    name: "an octet is lost between window and queue",
    target: "session",
    file: "http2/src/connection/http2-connection.ts",
    from: "appendToQueue(record, bytes, start + sent, end);",
    to: "appendToQueue(record, bytes, start + sent + 1, end);",
  },
  {
    name: "a frame with two payloads is taken",
    target: "channel",
    file: "protocol/src/frame/read-frame.ts",
    from: "if (view.payloadNumber !== 0) return FrameFault.ambiguous;",
    to: "",
  },
  {
    name: "a message may be an octet too long",
    target: "channel",
    file: "protocol/src/frame/message-splitter.ts",
    from: "if (length > this.maxBytes) return",
    to: "if (length > this.maxBytes + 1) return",
  },
  {
    name: "a timeout of nine digits is taken",
    target: "metadata",
    file: "protocol/src/timeout.ts",
    from: "const MAX_DIGITS = 8;",
    to: "const MAX_DIGITS = 9;",
  },
  {
    name: "a subtype outlives its content type",
    target: "metadata",
    file: "runtime/src/forward/request-head-reader.ts",
    from: "    this.#subtype.size = 0;\n    if (contentType",
    to: "    if (contentType",
  },
  {
    name: "a key is looked for behind its message",
    target: "metadata",
    file: "protocol/src/key/key-scanner.ts",
    from: "if (at < 0 || at > limit) return false;",
    to: "if (at < 0) return false;",
  },
];

/** The source with the mutant in it. @throws Error if its text is not there once: then the mutant wants mending. */
export function applyMutant(mutant: Mutant, source: string): string {
  const parts = source.split(mutant.from);
  if (parts.length !== 2) {
    throw new Error(
      `Cannot apply "${mutant.name}": its text must be in ${mutant.file} once, found ${parts.length - 1} times`,
    );
  }
  return parts.join(mutant.to);
}
