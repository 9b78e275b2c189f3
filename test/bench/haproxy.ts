// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, untilListening } from "../harness/ports.ts";
import { type Running, startProcess } from "../harness/processes.ts";
import { requireTool } from "../harness/tools.ts";

/** Starts HAProxy as an h2c to h2c proxy on one thread, the settings its manual suggests for gRPC. */
export async function startHaproxy(
  backendPort: number,
  prefix: readonly string[],
): Promise<Running & { port: number }> {
  const port = await freePort();
  const file = join(mkdtempSync(join(tmpdir(), "grpc-router-bench-")), "haproxy.cfg");
  writeFileSync(file, configuration(port, backendPort));
  const [command = "", ...args] = [...prefix, requireTool("haproxy"), "-db", "-f", file];
  const running = await startProcess(command, { args });
  await untilListening(port, "haproxy");
  return { ...running, port };
}

function configuration(port: number, backendPort: number): string {
  return `global
  nbthread 1
  maxconn 4096
  tune.h2.max-concurrent-streams 1000
  tune.h2.initial-window-size 1048576
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend edge
  bind 127.0.0.1:${port} proto h2
  default_backend instances
backend instances
  server one 127.0.0.1:${backendPort} proto h2
`;
}
