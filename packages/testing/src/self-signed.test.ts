// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSelfSigned } from "./self-signed.js";

describe("createSelfSigned()", () => {
  it("makes a certificate authority that vouches for itself and for its names, with its key", () => {
    const { cert, key } = createSelfSigned(["localhost", "127.0.0.1", "spiffe://x/y"]);
    const certificate = new X509Certificate(cert);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1, URI:spiffe://x/y");
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
  });

  it("writes every length in its shortest form, as DER asks and Go checks", () => {
    const walk = (bytes: Uint8Array): void => {
      let at = 0;
      while (at < bytes.length) {
        const constructed = ((bytes[at] ?? 0) & 0x20) !== 0;
        const first = bytes[at + 1] ?? 0;
        const count = first < 0x80 ? 0 : first & 0x7f;
        const length =
          count === 0 ? first : Number(`0x${Buffer.from(bytes.subarray(at + 2, at + 2 + count)).toString("hex")}`);
        expect(count).toBe(length < 0x80 ? 0 : length < 0x100 ? 1 : 2);
        const start = at + 2 + count;
        if (constructed) walk(bytes.subarray(start, start + length));
        at = start + length;
      }
    };
    for (const names of [["a"], Array.from({ length: 8 }, (_, index) => `name-${index}.example`)]) {
      walk(new X509Certificate(createSelfSigned(names).cert).raw);
    }
  });
});
