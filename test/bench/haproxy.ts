// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  await untilListening(port);
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilListening(port: number): Promise<void> {
  const { connect } = await import("node:net");
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(socket.destroy() !== undefined));
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`haproxy did not listen on port ${port}`);
}
