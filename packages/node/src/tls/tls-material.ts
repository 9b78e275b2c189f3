// SPDX-License-Identifier: Apache-2.0

import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { firstLine, NodeError, systemCode } from "../node-error.js";
import { keyExchangeGroups } from "./key-exchange-groups.js";

/** Certificates as PEM text or as the path of a PEM file. */
export interface TlsMaterial {
  /** Own certificate chain. */
  readonly cert?: string | undefined;
  /** Private key of `cert`, not encrypted. */
  readonly key?: string | undefined;
  /** Authorities that the peer's certificate must come from. */
  readonly ca?: string | undefined;
}

/** RFC 9113 section 9.2.2 forbids all others to HTTP/2 over TLS 1.2; those of TLS 1.3 are all good. */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/**
 * Reads and checks the certificates of a listener. Suites are chosen in our order, save that a peer which prefers ChaCha20
 * (it has no AES in hardware) gets it.
 *
 * @throws NodeError as `readTlsMaterial`.
 */
export function readServerTls(material: TlsMaterial): SecureContextOptions {
  return {
    ...readTlsMaterial(material),
    ecdhCurve: keyExchangeGroups(),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_PRIORITIZE_CHACHA,
  };
}

/**
 * Reads and checks certificates: TLS 1.2 at least.
 *
 * @throws NodeError `FILE_UNREADABLE` or `TLS_INVALID`, naming the part that is wrong.
 */
export function readTlsMaterial(material: TlsMaterial): SecureContextOptions {
  const parts = {
    ...readPart("cert", "CERTIFICATE", material.cert),
    ...readPart("key", "PRIVATE KEY", material.key),
    ...readPart("ca", "CERTIFICATE", material.ca),
  };
  if ((parts.cert === undefined) !== (parts.key === undefined)) {
    const [given, missing] = parts.cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new NodeError("TLS_INVALID", `Cannot use TLS: tls.${missing} must be given with tls.${given}, received none`);
  }
  check("cert", material, () => parts.cert !== undefined && new X509Certificate(parts.cert));
  check("key", material, () => parts.key !== undefined && createPrivateKey(parts.key));
  check("ca", material, () => parts.ca !== undefined && readAuthorities(parts.ca));
  const options: SecureContextOptions = { ...parts, ciphers: CIPHERS, minVersion: "TLSv1.2" };
  try {
    createSecureContext(options);
    return options;
  } catch (error) {
    throw new NodeError("TLS_INVALID", `Cannot use TLS: ${explain(error, material)}`, withoutInput(error));
  }
}

/** Reads one part of `material`. @throws NodeError that says which one it was. */
function check(part: "cert" | "key" | "ca", material: TlsMaterial, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    const wanted = part === "key" ? "a private key in PEM" : "valid PEM";
    throw new NodeError(
      "TLS_INVALID",
      `Cannot use TLS: tls.${part} must be ${wanted}, received what OpenSSL refuses (${firstLine(error)})${from(material[part])}`,
      withoutInput(error),
    );
  }
}

/** Each of them by itself: a context passes over the first that it cannot read, and all that follow. */
function readAuthorities(text: string): readonly X509Certificate[] {
  const [, ...further] = text.split(/(?=-----BEGIN CERTIFICATE-----)/);
  return [text, ...further].map((part) => new X509Certificate(part));
}

/** Whether a part of `TlsMaterial` is PEM text; else it is the path of a file. */
export function isPemText(part: string): boolean {
  return part.includes("-----BEGIN ");
}

function readPart(
  part: "cert" | "key" | "ca",
  label: string,
  value: string | undefined,
): Partial<Record<"cert" | "key" | "ca", string>> {
  if (value === undefined) return {};
  const isText = isPemText(value);
  const text = isText ? value : readText(part, value);
  if (!text.includes(`${label}-----`)) {
    const what = isText ? "other PEM text" : value;
    throw new NodeError(
      "TLS_INVALID",
      `Cannot use TLS: tls.${part} must hold a PEM block "${label}", received ${what}`,
    );
  }
  if (part === "key" && /ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw new NodeError(
      "TLS_INVALID",
      `Cannot use TLS: tls.key must not be encrypted, received an encrypted one${from(value)}. Decrypt it: openssl pkey -in KEY -out KEY.plain`,
    );
  }
  return { [part]: text };
}

/** ` from FILE`; nothing of PEM text, which may be a key. */
function from(value: string | undefined): string {
  return value === undefined || isPemText(value) ? "" : ` from ${value}`;
}

/** An error of OpenSSL with no more than its words: whoever prints it must not print what was read. */
function withoutInput(error: unknown): Error {
  return new Error(firstLine(error));
}

function readText(part: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = systemCode(error) === "ENOENT" ? "there is no such file" : firstLine(error);
    throw new NodeError(
      "FILE_UNREADABLE",
      `Cannot read tls.${part} from ${path}: ${why}. Give the path of a PEM file`,
      error,
    );
  }
}

function explain(error: unknown, { cert, key }: TlsMaterial): string {
  if (systemCode(error) === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") {
    const files = [["tls.key", key] as const, ["tls.cert", cert] as const].filter(([, value]) => from(value) !== "");
    const places = files.map(([part, value]) => `${part}${from(value)}`).join(", ");
    return `tls.key must be the key of tls.cert, received that of another${places === "" ? "" : ` (${places})`}`;
  }
  return `certificates and key must be such as OpenSSL takes, it refuses them (${firstLine(error)})`;
}
