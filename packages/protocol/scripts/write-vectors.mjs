// SPDX-License-Identifier: Apache-2.0
// Writes vectors/*.json (docs/channel.md section 9): numbers and names, frames, refusals. Nothing here uses the frame
// codec: the frames come from protobuf's general encoder, the refused bytes and the names are written out by hand.
// Run after `tsc -b`: node packages/protocol/scripts/write-vectors.mjs
import { writeFileSync } from "node:fs";
import { frameVectors } from "./vectors/frames.mjs";
import { numberVectors } from "./vectors/numbers.mjs";
import { refusalVectors } from "./vectors/refusals.mjs";

for (const [name, vectors] of Object.entries({
  numbers: numberVectors,
  frames: frameVectors,
  refusals: refusalVectors,
})) {
  writeFileSync(new URL(`../vectors/${name}.json`, import.meta.url), `${JSON.stringify(vectors, undefined, 2)}\n`);
}
