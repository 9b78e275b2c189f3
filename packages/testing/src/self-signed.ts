// SPDX-License-Identifier: Apache-2.0

import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate that vouches for itself, and its key, both PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a certificate for tests (RFC 5280, P-256, ecdsa-with-SHA256), valid from `fromMs` from now (yesterday) and for
 * `validMs` from now (a day; whole seconds), so that TLS tests need no openssl and the repository no keys. `names` become the subjectAltName: IPv4
 * addresses, `spiffe://` URIs, else DNS.
 */
export function createSelfSigned(
  names: readonly string[] = ["localhost", "127.0.0.1"],
  { validMs = 86_400_000, fromMs = -86_400_000 }: { readonly validMs?: number; readonly fromMs?: number } = {},
): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
  const subject = sequence(set(sequence(oid("550403"), der(0x0c, Buffer.from(names[0] ?? "test")))));
  const extensions = sequence(
    sequence(oid("551d13"), der(0x01, Buffer.of(0xff)), octets(sequence(der(0x01, Buffer.of(0xff))))), // basicConstraints: CA
    sequence(oid("551d11"), octets(sequence(...names.map(generalName)))),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.from(`01${Date.now().toString(16).padStart(14, "0")}`, "hex")),
    ecdsaWithSha256,
    subject,
    sequence(utcTime(fromMs), utcTime(validMs)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = whole
    .toString("base64")
    .match(/.{1,64}/g)
    ?.join("\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function generalName(name: string): Buffer {
  if (/^\d+(\.\d+){3}$/.test(name)) return der(0x87, Buffer.from(name.split(".").map(Number)));
  return der(name.includes("://") ? 0x86 : 0x82, Buffer.from(name));
}

function utcTime(offsetMs: number): Buffer {
  const text = new Date(Date.now() + offsetMs).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]); // DER: the shortest form; Go insists
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

function octets(content: Buffer): Buffer {
  return der(0x04, content);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}
