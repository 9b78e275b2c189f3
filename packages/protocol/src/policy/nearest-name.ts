// SPDX-License-Identifier: Apache-2.0

/** Letters of a name that are compared: a hostile one would cost its square. */
const maxLength = 200;

/** The known name that a mistyped one most likely means; undefined if none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > maxLength) return undefined;
  let nearest: string | undefined;
  // A third of the letters may be wrong, case aside.
  let least = Math.floor(name.length / 3) + 1;
  for (const candidate of known) {
    const distance = countEdits(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** `; did you mean "retry"?`, or what is known if nothing is near. */
export function suggestName(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `; did you mean "${nearest}"?`;
  return known.length === 0 ? " (there is none)" : ` (there is ${known.join(", ")})`;
}

/** Letters to insert, remove, replace or swap with their neighbour (optimal string alignment). */
function countEdits(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > maxLength) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      const replaced = at(row, j - 1) + (same ? 0 : 1);
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? at(before, j - 2) + 1 : replaced;
      next.push(Math.min(replaced, swapped, at(row, j) + 1, at(next, j - 1) + 1));
    }
    [before, row] = [row, next];
  }
  return at(row, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
