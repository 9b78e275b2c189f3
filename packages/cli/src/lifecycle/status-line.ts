// SPDX-License-Identifier: Apache-2.0

/** Back to the start of the line, and the line empty. */
const ERASE = "\r\u001b[K";

/** One line at the bottom of a terminal that changes in place, below what else is written there. */
export class StatusLine {
  readonly #write: (text: string) => void;
  #text = "";

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Shows `text` in place of what is shown; empty: nothing. */
  show(text: string): void {
    if (text === this.#text) return;
    this.#write(`${this.#text === "" ? "" : ERASE}${text}`);
    this.#text = text;
  }

  /** Writes whole lines above it. */
  above(lines: string): void {
    this.#write(this.#text === "" ? lines : `${ERASE}${lines}${this.#text}`);
  }
}
