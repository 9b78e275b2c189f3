// SPDX-License-Identifier: Apache-2.0

const headerLength = 9;
const idOffset = 5;

/**
 * The frames of `unit` for `count` streams in a row, from stream `firstId` on: `unit` is written for any one stream, and every
 * frame of it that is not the connection's gets the id of its turn.
 */
export function streamSeries(unit: Uint8Array, count: number, firstId = 1): Uint8Array {
  const series = new Uint8Array(unit.length * count);
  const view = new DataView(series.buffer);
  const offsets = idOffsets(unit);
  for (let turn = 0; turn < count; turn++) {
    const at = turn * unit.length;
    series.set(unit, at);
    for (const offset of offsets) view.setUint32(at + offset, firstId + 2 * turn);
  }
  return series;
}

/** Where the ids of streams are. */
function idOffsets(unit: Uint8Array): number[] {
  const view = new DataView(unit.buffer, unit.byteOffset, unit.byteLength);
  const offsets: number[] = [];
  for (let at = 0; at < unit.length; at += headerLength + (view.getUint32(at) >>> 8)) {
    if (view.getUint32(at + idOffset) !== 0) offsets.push(at + idOffset);
  }
  return offsets;
}
