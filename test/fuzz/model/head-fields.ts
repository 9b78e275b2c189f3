// SPDX-License-Identifier: Apache-2.0
import { encodeRawHuffman, joinBytes, type RawField, rawInteger } from "@grpc-router/testing";
import type { ByteSource } from "./byte-source.ts";

/** Names that the router has a place for, and some that it has none for. */
const names = [
  ":method",
  ":scheme",
  ":path",
  ":authority",
  "content-type",
  "te",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "grpc-previous-rpc-attempts",
  "x-grpc-router-wait-for-ready",
  "user-agent",
  "host",
  "x-data-bin",
  "authorization",
  "grpc-status",
  "trailer",
  "x-a",
] as const;
/** Values by name: what clients send, and what almost is that. */
const values: Readonly<Record<string, readonly string[]>> = {
  ":method": ["POST", "GET", "post", "PUT"],
  ":scheme": ["http", "https"],
  ":path": ["/acme.v1.Users/Get", "/acme.v1.Users/List", "/acme.v1.Users/Get/", "acme.v1.Users/Get", "//x", "/"],
  "content-type": [
    "application/grpc",
    "application/grpc+proto",
    "application/grpc+json",
    "application/grpc; charset=x",
    "application/grpc-web",
    "APPLICATION/GRPC+PROTO ;a=b",
  ],
  "grpc-timeout": ["1S", "100m", "99999999H", "0n", "1", "S", "123456789m", "1s", "-1S"],
  "grpc-encoding": ["gzip", "identity", ""],
  "x-grpc-router-wait-for-ready": ["true", "false", "TRUE"],
  te: ["trailers"],
};
const others = ["a", "", "value with spaces", "YWJj", "3", "0123456789".repeat(5)];

/** The field at hand, and how it is written: 0 a literal, 1 Huffman-coded, 2 into the table, 3 both, 4 never indexed. */
export interface ChosenField {
  readonly field: RawField;
  readonly form: number;
}

/** A head as the input says it: fields by number, or free text. */
export function chooseHead(source: ByteSource): ChosenField[] {
  const count = source.octet() % 14;
  const head: ChosenField[] = [
    { field: [":method", "POST"], form: 2 },
    { field: [":scheme", "http"], form: 2 },
  ];
  for (let index = 0; index < count; index++) {
    const form = source.octet() % 5;
    const choice = source.octet();
    const name = choice < 0xf0 ? (names[choice % names.length] ?? "x") : latin1(source.bytes(source.octet() % 24));
    const known = values[name] ?? others;
    const pick = source.octet();
    const value = pick < 0xc0 ? (known[pick % known.length] ?? "") : latin1(source.bytes(source.octet() % 64));
    head.push({ field: [name, value], form });
  }
  // Pseudo fields come first, or there is no head at all; one of each.
  const isPseudo = ({ field: [name] }: ChosenField) => name.startsWith(":");
  const pseudo = new Map(head.filter(isPseudo).map((chosen) => [chosen.field[0], chosen]));
  if (!pseudo.has(":path")) pseudo.set(":path", { field: [":path", "/acme.v1.Users/Get"], form: 0 });
  return [...pseudo.values(), ...head.filter((chosen) => !isPseudo(chosen))];
}

/** Writes heads for one connection, with a dynamic table as a client keeps one. */
export class HeadWriter {
  /** Newest first. */
  readonly #table: RawField[] = [];

  /** The block of this head; fields that are in the table already are referred to if the form says so. */
  write(head: readonly ChosenField[]): Uint8Array {
    return joinBytes(...head.map((chosen) => this.#writeField(chosen)));
  }

  #writeField({ field, form }: ChosenField): Uint8Array {
    const [name, value] = field;
    const place = this.#table.findIndex(([known, text]) => known === name && text === value);
    if (form >= 2 && form < 4 && place >= 0) return Uint8Array.from(rawInteger(62 + place, 7, 0x80));
    const isCoded = form === 1 || form === 3;
    const strings = joinBytes(writeString(name, isCoded), writeString(value, isCoded));
    if (form < 2 || form === 4) return joinBytes([form === 4 ? 0x10 : 0x00], strings);
    this.#insert(field);
    return joinBytes([0x40], strings);
  }

  #insert(field: RawField): void {
    this.#table.unshift(field);
    const size = () => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > 4_096) this.#table.pop();
  }
}

function writeString(text: string, isCoded: boolean): Uint8Array {
  const octets = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const written = isCoded ? encodeRawHuffman(octets) : octets;
  return joinBytes(rawInteger(written.length, 7, isCoded ? 0x80 : 0), written);
}

function latin1(octets: Uint8Array): string {
  return String.fromCharCode(...octets);
}
