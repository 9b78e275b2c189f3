// SPDX-License-Identifier: Apache-2.0
import { runProcess } from "../../harness/processes.ts";
import { requireTool } from "../../harness/tools.ts";
import { missingProxy, type ProxyPorts, type ProxyProgram, startProxy, unharmedPrefix } from "./proxy.ts";
import type { Target } from "./target.ts";

const haproxy: ProxyProgram = { program: "haproxy", configuration, args: (file) => ["-db", "-f", file] };

/** HAProxy, as it is configured below, in front of servers on node:http2. */
export const haproxyTarget: Target = {
  name: "haproxy",
  async describe() {
    const { stdout } = await runProcess(requireTool("haproxy"), ["-v"]);
    return `HAProxy ${/version (\S+)/.exec(stdout)?.[1]}, one thread, the manual's time limits, else its defaults`;
  },
  missing: () => missingProxy("haproxy"),
  start: (settings, pinning) => startProxy(haproxy, settings, pinning),
};

/**
 * HAProxy at the edge: the time limits that its manual tells everyone to set, and requests end with their clients, on one
 * thread; every limit of HTTP/2 is its default (100 streams a connection, windows of 64 KiB).
 */
function configuration({ port, attackedPort, unharmedPort, tls }: ProxyPorts): string {
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
  option abortonclose
frontend edge
  bind 127.0.0.1:${port} ${tls === undefined ? "proto h2" : `ssl crt ${tls.both} alpn h2 ssl-min-ver TLSv1.2`}
  use_backend unharmed if { path_beg ${unharmedPrefix} }
  default_backend attacked
backend attacked
  server one 127.0.0.1:${attackedPort} proto h2
backend unharmed
  server two 127.0.0.1:${unharmedPort} proto h2
`;
}
