// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** Frames of which the last closes the channel. */
export interface RefusalVector {
  readonly name: string;
  /** Who reads the frames: the instance a "call", the router a "reply". */
  readonly direction: "call" | "reply";
  /** Whole frames, gRPC prefix included. */
  readonly frames: readonly Uint8Array[];
  /** Why the last one is refused (docs/channel.md section 8). */
  readonly reason: string;
}

/** What `packages/protocol/vectors/refusals.json` says. */
export interface RefusalVectors {
  /** The methods that the instance's hello lists. */
  readonly hello: readonly { readonly name: string; readonly number: number; readonly typed: boolean }[];
  /** Cost units that each call has in both directions before the first frame. */
  readonly initialCredit: number;
  /** The calls that are open, and accepted, before the first frame. */
  readonly calls: readonly { readonly callId: string; readonly method: number; readonly state: "accepted" }[];
  readonly vectors: readonly RefusalVector[];
}

type Pieces = readonly (string | { readonly octet: string; readonly times: number })[];

interface WrittenVector extends Omit<RefusalVector, "frames"> {
  readonly frames: readonly { readonly bytes: Pieces; readonly times?: number }[];
}

interface WrittenVectors extends Omit<RefusalVectors, "vectors"> {
  readonly bytes: readonly WrittenVector[];
  readonly states: readonly WrittenVector[];
}

/** Reads the vectors of refusals, for the tests of both ends of a channel. */
export function loadRefusalVectors(): RefusalVectors {
  const file = new URL("../../protocol/vectors/refusals.json", import.meta.url);
  // The file is ours; its script and packages/protocol/src/vectors.test.ts hold its shape.
  const { hello, initialCredit, calls, bytes, states } = JSON.parse(readFileSync(file, "utf8")) as WrittenVectors;
  const vectors = [...bytes, ...states].map(({ frames, ...vector }) => ({
    ...vector,
    frames: frames.flatMap(({ bytes: pieces, times = 1 }) => Array.from({ length: times }, () => octetsOf(pieces))),
  }));
  return { hello, initialCredit, calls, vectors };
}

function octetsOf(pieces: Pieces): Uint8Array {
  const hexes = pieces.map((piece) => (typeof piece === "string" ? piece : piece.octet.repeat(piece.times)));
  return new Uint8Array(Buffer.from(hexes.join(""), "hex"));
}
