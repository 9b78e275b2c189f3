// SPDX-License-Identifier: Apache-2.0

import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { PeerInfo } from "@grpc-router/http2";

/** Who is at the other end of a connected socket. */
export function peerOf(socket: Socket): PeerInfo {
  const encrypted = socket instanceof TLSSocket;
  const address = formatAddress(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0);
  // A certificate that TLS has not verified is nobody's.
  const certificate = encrypted && socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return { address, encrypted, identities: [] };
  return {
    address,
    encrypted,
    identities: identitiesOf(certificate),
    identitiesUntilMs: certificate.validToDate.getTime(),
  };
}

/** `host:port`, an IPv6 host in brackets. */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The names of a certificate: its subject alternative names, or without any the common name. */
export function identitiesOf(
  certificate: Pick<X509Certificate, "subjectAltName" | "toLegacyObject">,
): readonly string[] {
  const { subjectAltName } = certificate;
  if (subjectAltName !== undefined) return parseAlternativeNames(subjectAltName);
  const name: unknown = certificate.toLegacyObject().subject?.CN; // a list if there are several: nobody's then
  return typeof name === "string" && /^[^:,]{1,256}$/.test(name) ? [name] : [];
}

/**
 * The names in Node's text of a subjectAltName: `DNS:a.example, URI:spiffe://x/y, IP Address:10.0.0.1`. Values that Node
 * quotes (they hold a comma or a quote, CVE-2021-44532) are JSON strings. Kinds do not mix: a URI has a colon, no other
 * name that counts has; what is something else (`email:`, `DirName:`) or does not look like its kind is left out.
 */
export function parseAlternativeNames(text: string): readonly string[] {
  const names: string[] = [];
  for (const match of text.matchAll(/(?:^|, )([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,]*)/g)) {
    const [, kind = "", value = ""] = match;
    const name = value.startsWith('"') ? String(JSON.parse(value)) : value;
    if (nameForms[kind]?.test(name) === true) names.push(name);
  }
  return names;
}

const nameForms: Readonly<Record<string, RegExp | undefined>> = {
  DNS: /^[\w*.-]+$/,
  URI: /^[A-Za-z][A-Za-z0-9+.-]*:/,
  "IP Address": /^[0-9A-Fa-f.:]+$/,
};
