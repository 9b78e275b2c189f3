// SPDX-License-Identifier: Apache-2.0

const WHITESPACE = /\s/;

/**
 * Cuts a stream of JSON values, one after the other with or without whitespace between, into the text of each. A value is
 * given as soon as it is whole, so that messages typed by hand are sent one by one. Faults inside a value are left to the
 * JSON reader.
 */
export async function* splitJsonValues(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const cutter = new ValueCutter();
  for await (const chunk of chunks) yield* cutter.push(decoder.decode(chunk, { stream: true }));
  yield* cutter.push(decoder.decode());
  const rest = cutter.rest();
  if (rest !== "") yield rest;
}

class ValueCutter {
  #value = "";
  #depth = 0;
  #inString = false;
  #escaped = false;

  *push(text: string): Generator<string> {
    for (const char of text) {
      const whole = this.#add(char);
      if (whole !== undefined) yield whole;
    }
  }

  /** What is left at the end: a last number or word, or a value cut short. */
  rest(): string {
    return this.#value;
  }

  /** Takes one character; returns a value that it completes. */
  #add(char: string): string | undefined {
    if (this.#inString) return this.#addInString(char);
    if (this.#depth === 0) {
      if (WHITESPACE.test(char)) return this.#take("");
      // A bracket or quote ends the number or word before it.
      const before = '{["'.includes(char) ? this.#take("") : undefined;
      this.#open(char);
      this.#value += char;
      return before;
    }
    this.#open(char);
    if ("}]".includes(char)) this.#depth--;
    return this.#depth === 0 ? this.#take(char) : this.#keep(char);
  }

  #addInString(char: string): string | undefined {
    if (this.#escaped) this.#escaped = false;
    else if (char === "\\") this.#escaped = true;
    else if (char === '"') {
      this.#inString = false;
      if (this.#depth === 0) return this.#take(char);
    }
    return this.#keep(char);
  }

  #open(char: string): void {
    if (char === '"') this.#inString = true;
    else if ("{[".includes(char)) this.#depth++;
  }

  #keep(char: string): undefined {
    this.#value += char;
  }

  #take(last: string): string | undefined {
    const value = this.#value + last;
    this.#value = "";
    return value === "" ? undefined : value;
  }
}
