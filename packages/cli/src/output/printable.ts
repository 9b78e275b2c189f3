// SPDX-License-Identifier: Apache-2.0

/** What others have said, for a line on a terminal: nobody may forge a line, or give the terminal orders. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}
