// SPDX-License-Identifier: Apache-2.0
import { FrameTrace } from "./frame-trace.js";

/** The lines for octets received in these pieces, without times and width: fields are indented by two. */
export function linesOfPieces(pieces: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const trace = new FrameTrace({ line: (line) => lines.push(line), nowMs: () => 0 });
  for (const piece of pieces) trace.received(piece, 0, piece.length);
  return lines.map((line) => line.replace(/^ {4}0\.000000 recv /, "").replace(/^ {20}/, "  "));
}
