// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificate } from "../../harness/certificate.ts";
import { residentBytes } from "../../harness/memory.ts";
import { freePort, untilListening } from "../../harness/ports.ts";
import { type Running, startProcess } from "../../harness/processes.ts";
import { findTool, requireTool } from "../../harness/tools.ts";
import type { TargetSettings } from "../attack.ts";
import { startGrpcServer } from "./grpc-server.ts";
import type { Pinning, RunningTarget } from "./target.ts";

/** Where a proxy listens, and what it forwards to. */
export interface ProxyPorts {
  readonly port: number;
  /** Serves all but what the victim calls. */
  readonly attackedPort: number;
  /** Serves the paths below `unharmedPrefix`. */
  readonly unharmedPort: number;
  /** PEM files for TLS with ALPN h2, `both` with certificate and key; without it h2c. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly both: string } | undefined;
}

/** What the victim calls, as at the router: an instance of its own. */
export const unharmedPrefix = "/bench.v1.EchoService/";

/** A proxy in front of two servers on node:http2. */
export interface ProxyProgram {
  /** The program. */
  readonly program: string;
  /** The text of its configuration file. */
  configuration(ports: ProxyPorts): string;
  /** Its arguments. */
  args(configurationFile: string): readonly string[];
}

/** Starts the backends and the proxy; the proxy is one process, whose memory counts. */
export async function startProxy(
  proxy: ProxyProgram,
  { tls = false }: TargetSettings,
  pinning: Pinning,
): Promise<RunningTarget> {
  const { program } = proxy;
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-attack-"));
  const certificate = tls ? certificateWithBoth(folder) : undefined;
  const attacked = await startGrpcServer(pinning.attacker);
  const unharmed = await startGrpcServer(pinning.others);
  const port = await freePort();
  const file = join(folder, `${program}.conf`);
  writeFileSync(
    file,
    proxy.configuration({ port, attackedPort: attacked.port, unharmedPort: unharmed.port, tls: certificate }),
  );
  const [command = "", ...args] = [...pinning.target, requireTool(program), ...proxy.args(file)];
  const running = await startProcess(command, { args });
  const ended = endedFault(running, program);
  try {
    await untilListening(port, program);
  } catch (error) {
    await Promise.all([running.stop(), attacked.stop(), unharmed.stop()]);
    throw new Error(running.output.join("\n"), { cause: error });
  }
  return {
    address: { host: "127.0.0.1", port, ca: certificate && readFileSync(certificate.cert, "utf8") },
    pid: running.pid,
    resetInstance: () => attacked.resetCounts(),
    instance: () => attacked.counts(),
    memory: async () => ({ residentBytes: residentBytes(running.pid), retainedBytes: undefined }),
    limitHits: async () => ({}),
    faults: () => ended(),
    stop: async () => void (await Promise.all([running.stop(), attacked.stop(), unharmed.stop()])),
  };
}

/** The reason to leave a proxy out. */
export function missingProxy(program: string): string | undefined {
  return findTool(program) === undefined ? `${program} is not installed (scripts/install-tools.sh)` : undefined;
}

/** Tells whether the process has ended before it was asked to. */
export function endedFault(running: Running, name: string): () => readonly string[] {
  const faults: string[] = [];
  void running.exited.then((code) => faults.push(`${name} ended with code ${code}: ${running.output.at(-1) ?? ""}`));
  return () => faults;
}

function certificateWithBoth(folder: string): NonNullable<ProxyPorts["tls"]> {
  const { cert, key } = createCertificate();
  const both = join(folder, "both.pem");
  writeFileSync(both, readFileSync(cert, "utf8") + readFileSync(key, "utf8"), { mode: 0o600 });
  return { cert, key, both };
}
