// SPDX-License-Identifier: Apache-2.0

/**
 * `Headers` that remember which values were appended one by one. The standard class joins them with a comma, but gRPC
 * metadata is a list, and a text with a comma in it must not fall apart on the other side.
 */
export class MetadataHeaders extends Headers {
  readonly #appended = new Map<string, string[]>();

  override append(name: string, value: string): void {
    super.append(name, value);
    const key = name.toLowerCase();
    const values = this.#appended.get(key);
    if (values === undefined) this.#appended.set(key, [trim(value)]);
    else values.push(trim(value));
  }

  override set(name: string, value: string): void {
    super.set(name, value);
    this.#appended.set(name.toLowerCase(), [trim(value)]);
  }

  override delete(name: string): void {
    super.delete(name);
    this.#appended.delete(name.toLowerCase());
  }

  /** The values of `name` as they were appended; undefined if they came otherwise. */
  listOf(name: string): readonly string[] | undefined {
    return this.#appended.get(name);
  }
}

/** Every name and value in `headers`, in the order that `Headers` gives: binary and appended values one by one. */
export function* metadataOf(headers: Headers): Generator<readonly [name: string, value: string]> {
  const listed = headers instanceof MetadataHeaders ? headers : undefined;
  for (const [name, joined] of headers) {
    const values = listed?.listOf(name);
    if (values !== undefined && values.join(", ") === joined) for (const value of values) yield [name, value];
    // Base64 has no comma, so a joined binary value falls into its parts.
    else if (name.endsWith("-bin")) for (const part of joined.split(",")) yield [name, trim(part)];
    else yield [name, joined];
  }
}

/** As `Headers` normalizes a value (Fetch, "normalize a byte sequence"). */
function trim(value: string): string {
  return value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
}
