// SPDX-License-Identifier: Apache-2.0

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { PeerInfo } from "@grpc-router/http2";

/** Who is at the other end of a connected socket. */
export function peerOf(socket: Socket): PeerInfo {
  const encrypted = socket instanceof TLSSocket;
  return {
    address: formatAddress(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0),
    encrypted,
    identities: encrypted && socket.authorized ? namesOf(socket) : [],
  };
}

/** `host:port`, an IPv6 host in brackets. */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function namesOf(socket: TLSSocket): readonly string[] {
  return parseAlternativeNames(socket.getPeerX509Certificate()?.subjectAltName ?? "");
}

/**
 * The names in Node's text of a subjectAltName: `DNS:a.example, URI:spiffe://x/y, IP Address:10.0.0.1`. Values that Node
 * quotes (they hold a comma or a quote, CVE-2021-44532) are JSON strings.
 */
export function parseAlternativeNames(text: string): readonly string[] {
  const names: string[] = [];
  for (const match of text.matchAll(/(?:^|, )(?:[A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,]*)/g)) {
    const value = match[1] ?? "";
    names.push(value.startsWith('"') ? String(JSON.parse(value)) : value);
  }
  return names;
}
