// SPDX-License-Identifier: Apache-2.0

/** Where a proxy listens, and what it forwards to. */
export interface ProxyPorts {
  readonly port: number;
  readonly backendPort: number;
  /** PEM files for TLS with ALPN h2; without it h2c. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly both: string } | undefined;
}

/**
 * HAProxy at the edge: the time limits that its manual tells everyone to set, on one thread; every limit of HTTP/2 is
 * its default (100 streams a connection, windows of 64 KiB).
 */
export function haproxyConfiguration({ port, backendPort, tls }: ProxyPorts): string {
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 60s
  timeout http-request 10s
  timeout http-keep-alive 60s
  http-reuse always
frontend edge
  bind 127.0.0.1:${port} ${tls === undefined ? "proto h2" : `ssl crt ${tls.both} alpn h2 ssl-min-ver TLSv1.2`}
  default_backend instances
backend instances
  server one 127.0.0.1:${backendPort} proto h2
`;
}
