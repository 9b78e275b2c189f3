// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Running, startProcess } from "../../harness/processes.ts";
import { startNode } from "../../harness/stack.ts";
import { goProgram, missingGo } from "./go-programs.ts";
import type { PeerKind, Rig, RunningPeer } from "./peer.ts";

const processes = new URL("../processes/", import.meta.url);
const goModule = new URL("../go/go.mod", import.meta.url);
/** Where the versions of the Node servers are pinned. */
const manifest = new URL("../../package.json", import.meta.url);

/** The fast server that stands behind the proxies, called directly: the path without any hop. */
export const backend: PeerKind = node("direct", "backend-process.ts", "the engine of this project, echoing");

export const grpcJs: PeerKind = node(
  "grpc-js",
  "grpc-js-process.ts",
  `${versionOf("@grpc/grpc-js")}, default settings`,
);

export const connectNode: PeerKind = node(
  "connect-node",
  "connect-node-process.ts",
  `${versionOf("@connectrpc/connect-node")}, default settings`,
);

export const grpcGo: PeerKind = {
  title: "grpc-go",
  missing: missingGo,
  describe: async () => `grpc-go ${goVersionOf("google.golang.org/grpc")}, default settings`,
  async start(_, rig) {
    return running(await startGo("server", [], rig));
  },
};

/** A transparent proxy as one writes it with grpc-go; it speaks h2c only. */
export const grpcGoProxy: PeerKind = {
  title: "grpc-go proxy",
  missing: missingGo,
  describe: async () =>
    `grpc-go ${goVersionOf("google.golang.org/grpc")}; test/bench/go/proxy, windows of 1 and 16 MiB`,
  async start(_, rig) {
    return running(await startGo("proxy", [`127.0.0.1:${await rig.backend(false)}`], rig));
  },
};

/** The least that a hop in Node costs: the router's sockets, and nothing reads what they carry. It speaks h2c only. */
export const relay: PeerKind = {
  title: "bytes relayed",
  missing: () => undefined,
  describe: async () => `Node ${process.versions.node}; bytes relayed unread, the floor of a hop in Node`,
  async start(_, rig) {
    return running(await startProgram("relay-process.ts", rig.measured, [`${await rig.backend(false)}`]));
  },
};

/** Starts the fast server on a processor of the caller's choice. */
export function startBackend(prefix: readonly string[], tls: string | undefined): Promise<Running & { line: string }> {
  return startProgram("backend-process.ts", prefix, tls === undefined ? [] : ["--tls", tls]);
}

function node(title: string, program: string, remark: string): PeerKind {
  return {
    title,
    missing: () => undefined,
    describe: async () => `Node ${process.versions.node}; ${remark}`,
    async start({ tls = false }, rig) {
      const { cert, key } = rig.certificate;
      const args = tls ? ["--tls", `${cert}:${key}`] : [];
      return { ...running(await startProgram(program, rig.measured, args)), ca: tls ? cert : undefined };
    },
  };
}

/** Starts one of the bench's Node programs. */
function startProgram(name: string, prefix: readonly string[], args: readonly string[]) {
  return startNode(fileURLToPath(new URL(name, processes)), { prefix, args, ready: /^ready / });
}

async function startGo(name: "server" | "proxy", args: readonly string[], rig: Rig) {
  const [command = "", ...rest] = [...rig.measured, await goProgram(name), ...args];
  return startProcess(command, { args: rest, ready: /^ready / });
}

function running(started: Running & { line: string }): RunningPeer {
  const { pid } = started;
  const port = portOf(started);
  return { port, ca: undefined, pids: [pid], pid, link: undefined, routerUrl: undefined, stop: () => started.stop() };
}

/** The port of a ready line. */
export function portOf({ line }: { readonly line: string }): number {
  return Number(/^ready .*:(\d+)/.exec(line)?.[1]);
}

function versionOf(name: string): string {
  const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return `${name} ${dependencies[name]}`;
}

function goVersionOf(name: string): string {
  return new RegExp(`${name} v(\\S+)`).exec(readFileSync(goModule, "utf8"))?.[1] ?? "of unknown version";
}
