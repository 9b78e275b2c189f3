// SPDX-License-Identifier: Apache-2.0

/** Where on a page a bench writes. */
export interface PagePart {
  /** Name of the markers: `<!-- NAME -->` and `<!-- end of NAME -->`. */
  readonly name: string;
  /** The page, for the error message. */
  readonly page: string;
}

/** The text with `part` between its markers. @throws Error if it has none. */
export function fillBetween(text: string, part: string, { name, page }: PagePart): string {
  const opening = `<!-- ${name} -->`;
  const begin = text.indexOf(opening);
  const end = text.indexOf(`<!-- end of ${name} -->`);
  if (begin < 0 || end < begin) throw new Error(`Cannot write ${name}: ${page} must have its markers`);
  return `${text.slice(0, begin + opening.length)}\n${part}\n${text.slice(end)}`;
}
