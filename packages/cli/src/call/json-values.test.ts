// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { splitJsonValues } from "./json-values.js";

async function split(pieces: readonly Uint8Array[]): Promise<string[]> {
  const values: string[] = [];
  for await (const value of splitJsonValues(pieces)) values.push(value);
  return values;
}

const cases: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  [" \n\t", []],
  ["{}", ["{}"]],
  ['{"a":1}{"b":2}', ['{"a":1}', '{"b":2}']],
  ['{"a":1}\n{"b":[1,{"c":2}]}\n', ['{"a":1}', '{"b":[1,{"c":2}]}']],
  ['{"a":"}\\"{"} {"b":"\\\\"}', ['{"a":"}\\"{"}', '{"b":"\\\\"}']],
  ['"a b" "c\\"d" 12 true null', ['"a b"', '"c\\"d"', "12", "true", "null"]],
  ['1{"a":2}"x"3', ["1", '{"a":2}', '"x"', "3"]],
  ['[1,2] {"ü":"€"}', ["[1,2]", '{"ü":"€"}']],
  ['{"cut":', ['{"cut":']],
];

describe("splitJsonValues()", () => {
  it.each(cases)("cuts %s", async (text, values) => {
    expect(await split([new TextEncoder().encode(text)])).toEqual(values);
  });

  it.each(cases)("cuts %s alike when it comes octet by octet", async (text, values) => {
    const bytes = new TextEncoder().encode(text);
    expect(await split([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(values);
  });

  it("gives a value as soon as it is whole", async () => {
    let pulled = 0;
    const chunks = (function* () {
      for (const text of ['{"a":1}', '{"b":']) {
        pulled++;
        yield new TextEncoder().encode(text);
      }
    })();
    const values = splitJsonValues(chunks);
    expect((await values.next()).value).toBe('{"a":1}');
    expect(pulled).toBe(1);
  });
});
