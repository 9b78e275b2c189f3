// SPDX-License-Identifier: Apache-2.0

import type { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { formatAddress, identitiesOf, parseAlternativeNames } from "./peer.js";

describe("formatAddress()", () => {
  it.each([
    ["127.0.0.1", 80, "127.0.0.1:80"],
    ["::1", 80, "[::1]:80"],
  ])("writes %s %d as %s", (host, port, text) => expect(formatAddress(host, port)).toBe(text));
});

describe("parseAlternativeNames()", () => {
  it.each([
    ["", []],
    ["DNS:a.example", ["a.example"]],
    ["DNS:a, URI:spiffe://x/y, IP Address:10.0.0.1", ["a", "spiffe://x/y", "10.0.0.1"]],
    ['URI:"http://a/, DNS:evil", DNS:b', ["http://a/, DNS:evil", "b"]],
    ['DNS:"a\\"b"', []],
    ["DNS:*.a.example, DNS:_b.c", ["*.a.example", "_b.c"]],
    ["DNS:spiffe://x/y, URI:x", []],
    ["email:a@b.example, DirName:CN = a, othername:<unsupported>, URI:urn:x", ["urn:x"]],
  ])("reads %s", (text, names) => expect(parseAlternativeNames(text)).toEqual(names));
});

describe("identitiesOf()", () => {
  const certificate = (subjectAltName: string | undefined, CN: unknown) => ({
    subjectAltName,
    toLegacyObject: () => ({ subject: { CN } }) as ReturnType<X509Certificate["toLegacyObject"]>,
  });

  it.each<[string, string | undefined, unknown, readonly string[]]>([
    ["alternative names", "DNS:a", "b", ["a"]],
    ["the common name without any", undefined, "users 1", ["users 1"]],
    ["not the common name if the alternative ones are of no use", "email:a@b", "b", []],
    ["no common name that looks like a URI", undefined, "spiffe://x/y", []],
    ["no common name out of several", undefined, ["a", "b"], []],
    ["nothing out of nothing", undefined, undefined, []],
  ])("takes %s", (_name, subjectAltName, commonName, names) => {
    expect(identitiesOf(certificate(subjectAltName, commonName))).toEqual(names);
  });
});
