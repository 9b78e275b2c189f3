// SPDX-License-Identifier: Apache-2.0

import { createSelfSigned } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { readServerNames } from "./server-names.js";

const pair = createSelfSigned();

describe("readServerNames()", () => {
  it("finds the exact name, then what is directly above it, in any case", () => {
    const names = readServerNames({ "a.Example": pair, "*.example": pair, "*.b.example": pair }, {});
    const [exact, wild, deeper] = names.all.map(({ context }) => context);
    expect(new Set([exact, wild, deeper]).size).toBe(3);
    const found = ["A.example", "x.example", "b.example", "x.b.example", "x.a.example", ".example", "example", "", "."];
    expect(found.map((name) => names.find(name))).toEqual([
      ...[exact, wild, wild, deeper, undefined, wild, undefined, undefined, undefined],
    ]);
  });

  it.each(["", "*", "a..b", "*.*.example", "a.*", "10.0.0.1:1", "a b", "ä.example", `${"a.".repeat(126)}ab`])(
    "refuses the name %j",
    (name) => {
      expect(() => readServerNames({ [name]: pair }, {})).toThrow(
        `Cannot use TLS: tls.names: a name must be such as users.example or *.example, received ${JSON.stringify(name)}`,
      );
    },
  );

  it("refuses a name that is there twice", () => {
    expect(() => readServerNames({ "a.example": pair, "A.example": pair }, {})).toThrow(
      'tls.names: a name must be given once, received "a.example" twice',
    );
  });

  it("says of which name a part is wrong", () => {
    const other = createSelfSigned();
    expect(() => readServerNames({ "a.example": { cert: pair.cert, key: other.key } }, {})).toThrow(
      'Cannot use TLS: tls.names["a.example"].key must be the key of tls.names["a.example"].cert, received that of another',
    );
  });
});
