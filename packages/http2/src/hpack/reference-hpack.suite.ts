// SPDX-License-Identifier: Apache-2.0
import { huffmanCodes, huffmanLengths } from "./huffman-code.js";
import { staticFields } from "./static-table.js";

export type TextField = readonly [name: string, value: string];

/** How a reference encoder writes a field that is in no table. */
export type LiteralForm = "indexed" | "plain" | "never";

/** One choice of a reference encoder for one field. */
export interface FieldChoice {
  readonly field: TextField;
  readonly form: LiteralForm;
  readonly huffman: boolean;
  /** Use the tables' indexes where they have some. */
  readonly useIndex: boolean;
}

const sizeOf = ([name, value]: TextField) => name.length + value.length + 32;

/** The dynamic table in the plainest form: an array, newest first. */
class ReferenceTable {
  fields: TextField[] = [];
  maxBytes = 4_096;

  get sizeBytes(): number {
    return this.fields.reduce((sum, field) => sum + sizeOf(field), 0);
  }

  insert(field: TextField): void {
    this.fields.unshift(field);
    this.shrink();
  }

  resize(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.shrink();
  }

  shrink(): void {
    while (this.sizeBytes > this.maxBytes) {
      this.fields.pop();
    }
  }

  at(index: number): TextField {
    const field = index > 61 ? this.fields[index - 62] : index > 0 ? staticFields[index] : undefined;
    if (field === undefined) {
      throw new Error(`index ${index}`);
    }
    return field;
  }

  find(matches: (field: TextField) => boolean): number {
    return [...staticFields, ...this.fields].findIndex((field, index) => index > 0 && matches(field));
  }
}

/** An HPACK encoder that does whatever it is told, with strings and bit strings: slow, plain, and not the engine's. */
export class ReferenceEncoder {
  readonly table = new ReferenceTable();

  encode(choices: readonly FieldChoice[], sizeUpdates: readonly number[] = []): Uint8Array {
    const octets: number[] = [];
    for (const maxBytes of sizeUpdates) {
      this.table.resize(maxBytes);
      octets.push(...integer(maxBytes, 5, 0x20));
    }
    for (const choice of choices) {
      octets.push(...this.#encodeField(choice));
    }
    return Uint8Array.from(octets);
  }

  #encodeField({ field, form, huffman, useIndex }: FieldChoice): number[] {
    const whole = this.table.find(([name, value]) => name === field[0] && value === field[1]);
    if (useIndex && form !== "never" && whole > 0) {
      return integer(whole, 7, 0x80);
    }
    const named = useIndex
      ? Math.max(
          0,
          this.table.find(([name]) => name === field[0]),
        )
      : 0;
    const octets = form === "indexed" ? integer(named, 6, 0x40) : integer(named, 4, form === "never" ? 0x10 : 0);
    if (named === 0) {
      octets.push(...string(field[0], huffman));
    }
    octets.push(...string(field[1], huffman));
    if (form === "indexed") {
      this.table.insert(field);
    }
    return octets;
  }
}

/** An HPACK decoder in the plainest form; throws for whatever is wrong. */
export class ReferenceDecoder {
  readonly table = new ReferenceTable();
  #block: readonly number[] = [];
  #at = 0;

  decode(block: Uint8Array): TextField[] {
    this.#block = [...block];
    this.#at = 0;
    this.#readSizeUpdates();
    const fields: TextField[] = [];
    while (this.#at < this.#block.length) {
      fields.push(this.#readField());
    }
    return fields;
  }

  #peek(): number {
    const octet = this.#block[this.#at];
    if (octet === undefined) {
      throw new Error("the block ends too early");
    }
    return octet;
  }

  #readSizeUpdates(): void {
    for (let count = 0; this.#at < this.#block.length && this.#peek() >> 5 === 1; count++) {
      const maxBytes = this.#readInteger(5);
      if (count === 2 || maxBytes > 4_096) {
        throw new Error("size update");
      }
      this.table.resize(maxBytes);
    }
  }

  #readField(): TextField {
    const octet = this.#peek();
    if (octet >> 7 === 1) {
      return this.table.at(this.#readInteger(7));
    }
    if (octet >> 5 === 1) {
      throw new Error("late size update");
    }
    const isIndexed = octet >> 6 === 1;
    const index = this.#readInteger(isIndexed ? 6 : 4);
    const name = index > 0 ? this.table.at(index)[0] : this.#readString();
    const field: TextField = [name, this.#readString()];
    if (isIndexed) {
      this.table.insert(field);
    }
    return field;
  }

  #readInteger(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#peek() & mask;
    this.#at++;
    if (value < mask) {
      return value;
    }
    for (let count = 0; count < 4; count++) {
      const octet = this.#peek();
      this.#at++;
      value += (octet % 128) * 128 ** count;
      if (octet < 128) {
        return value;
      }
    }
    throw new Error("integer of too many octets");
  }

  #readString(): string {
    const isHuffman = this.#peek() >= 128;
    const length = this.#readInteger(7);
    if (this.#at + length > this.#block.length) {
      throw new Error("the string is longer than the block");
    }
    const octets = this.#block.slice(this.#at, this.#at + length);
    this.#at += length;
    return isHuffman ? huffmanText(octets) : String.fromCharCode(...octets);
  }
}

const symbolsByBits = new Map(
  huffmanCodes.map((code, symbol) => [code.toString(2).padStart(huffmanLengths[symbol] ?? 0, "0"), symbol]),
);

function huffmanText(octets: readonly number[]): string {
  let text = "";
  let pending = "";
  for (const bit of octets.map((octet) => octet.toString(2).padStart(8, "0")).join("")) {
    pending += bit;
    const symbol = symbolsByBits.get(pending);
    if (symbol !== undefined) {
      text += symbol === 256 ? fail("EOS") : String.fromCharCode(symbol);
      pending = "";
    }
  }
  return pending.length > 7 || pending.includes("0") ? fail("padding") : text;
}

function fail(what: string): never {
  throw new Error(what);
}

function integer(value: number, prefixBits: number, pattern: number): number[] {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) {
    return [pattern | value];
  }
  const octets = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    octets.push((rest % 128) + 128);
  }
  return [...octets, rest];
}

function string(text: string, huffman: boolean): number[] {
  const octets = [...text].map((character) => character.charCodeAt(0));
  if (!huffman) {
    return [...integer(octets.length, 7, 0), ...octets];
  }
  let bits = octets
    .map((octet) => (huffmanCodes[octet] ?? 0).toString(2).padStart(huffmanLengths[octet] ?? 0, "0"))
    .join("");
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  const coded = (bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2));
  return [...integer(coded.length, 7, 0x80), ...coded];
}
