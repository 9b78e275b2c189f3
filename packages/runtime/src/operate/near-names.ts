// SPDX-License-Identifier: Apache-2.0
import { maxComparedNames } from "../limits.js";

/** Names that may have been meant, at most. */
const maxAnswers = 3;

/** Characters that are compared: the work grows with their square. */
const maxComparedChars = 64;

/** The names that differ least from `wanted`, nearest first: those that begin with it, or need few edits of letters. */
export function nearNames(wanted: string, names: Iterable<string>): string[] {
  const word = wanted.slice(0, maxComparedChars).toLowerCase();
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const found: { readonly name: string; readonly distance: number }[] = [];
  let compared = 0;
  for (const name of names) {
    if (++compared > maxComparedNames) break;
    const other = name.toLowerCase();
    const distance = word !== "" && other.includes(word) ? 0 : editsBetween(word, other, allowed);
    if (distance <= allowed) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, maxAnswers).map(({ name }) => name);
}

/** Letters to change, add or leave out (Levenshtein); any number above `limit` if it is more than that. */
function editsBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? limit + 1;
}
