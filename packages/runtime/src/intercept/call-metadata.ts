// SPDX-License-Identifier: Apache-2.0
import { decodeBinaryValue, isMetadataName, isMetadataValue, isReservedName } from "@grpc-router/protocol";

/** A name and its value; the value of a name that ends in "-bin" is its bytes in base64. */
export type MetadataField = readonly [name: string, value: string];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A metadata list: names in lower case, repeated ones in their order. */
export class CallMetadata {
  readonly #fields: MetadataField[];
  /** Something was changed. */
  changed = false;

  constructor(fields: Iterable<MetadataField> = []) {
    this.#fields = [...fields];
  }

  /** The first value of the name. */
  get(name: string): string | undefined {
    return this.#fields.find(([other]) => other === name)?.[1];
  }

  /** All values of the name. */
  getAll(name: string): readonly string[] {
    return this.#fields.filter(([other]) => other === name).map(([, value]) => value);
  }

  /** Replaces all values of the name. @throws TypeError for a name or a value that cannot be sent. */
  set(name: string, value: string): void {
    validateField(name, value);
    this.delete(name);
    this.append(name, value);
  }

  /** Adds a value. @throws TypeError for a name or a value that cannot be sent. */
  append(name: string, value: string): void {
    validateField(name, value);
    this.#fields.push([name, value]);
    this.changed = true;
  }

  delete(name: string): void {
    const kept = this.#fields.filter(([other]) => other !== name);
    if (kept.length === this.#fields.length) return;
    this.#fields.splice(0, this.#fields.length, ...kept);
    this.changed = true;
  }

  [Symbol.iterator](): IterableIterator<MetadataField> {
    return this.#fields.values();
  }
}

/** An entry as it is on a channel, as a field: binary values are in base64 there, too. */
export function fieldOf(name: string, value: Uint8Array): MetadataField {
  return [name, decoder.decode(value)];
}

/** The value of a field as it is on a channel. */
export function bytesOf([, value]: MetadataField): Uint8Array {
  return encoder.encode(value);
}

function validateField(name: string, value: string): void {
  const nameBytes = encoder.encode(name);
  if (!isMetadataName(nameBytes, 0, nameBytes.length) || isReservedName(name)) {
    throw new TypeError(`Cannot set metadata ${name}: a name must be of 0-9 a-z _ - . and not gRPC's own`);
  }
  const bytes = encoder.encode(value);
  const isBinary = name.endsWith("-bin");
  if (isBinary ? decodeBinaryValue(value) !== undefined : isMetadataValue(bytes, 0, bytes.length)) return;
  const expected = "printable ASCII, or base64 for a name ending in -bin";
  throw new TypeError(`Cannot set metadata ${name}: its value must be ${expected}`);
}
