// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSelfSigned } from "@grpc-router/testing";
import { type Running, startProcess } from "../harness/processes.ts";
import { cli, type ServeProcess, startServe } from "../harness/serve-command.ts";

const instanceModule = fileURLToPath(new URL("./instance-module.ts", import.meta.url));
const routers = ["../faults/gen/faults/v1/faults_router.ts", "../interop/gen/grpc/testing/test_router.ts"].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);

/** How a bridge is started. */
export interface BridgeOptions {
  readonly url: string;
  readonly id: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of the line that is waited for. Default: the one that says it is registered. */
  readonly ready?: RegExp;
}

/** How another server is made an instance. */
export interface RelayOptions extends Pick<BridgeOptions, "url" | "flags" | "ready"> {
  /** The server's `host:port`. */
  readonly to: string;
  readonly service: string;
}

/** A folder with secrets, and the processes of `grpc-router` that use them. */
export interface CredentialRig {
  /** The path of a file in the folder. */
  path(name: string): string;
  write(name: string, text: string): string;
  /** Writes credentials.json. */
  list(credentials: readonly object[]): string;
  /** Writes `NAME.pem` and `NAME-key.pem`, a certificate that vouches for itself. */
  certificate(
    name: string,
    names: readonly string[],
    validMs?: number,
  ): { readonly cert: string; readonly key: string };
  serve(flags: readonly string[]): Promise<ServeProcess>;
  bridge(options: BridgeOptions): Promise<Running>;
  relay(options: RelayOptions): Promise<Running>;
  stop(): Promise<void>;
}

export function createCredentialRig(): CredentialRig {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-credentials-"));
  const running: Running[] = [];
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    writeFileSync(path(name), text, { mode: 0o600 });
    return path(name);
  };
  async function start(args: readonly string[], env: Readonly<Record<string, string>>, ready: RegExp) {
    const process_ = await startProcess(process.execPath, { args: [cli, ...args], env, ready });
    running.push(process_);
    return process_;
  }
  return {
    path,
    write,
    list: (credentials) => write("credentials.json", JSON.stringify({ credentials })),
    certificate(name, names, validMs) {
      const { cert, key } = createSelfSigned(names, validMs === undefined ? {} : { validMs });
      return { cert: write(`${name}.pem`, cert), key: write(`${name}-key.pem`, key) };
    },
    async serve(flags) {
      const modules = routers.flatMap((file) => ["--module", file]);
      const router = await startServe([...modules, "--grace", "1s", ...flags]);
      running.push(router);
      return router;
    },
    bridge: ({ url, id, flags = [], env = {}, ready = /^registered / }) =>
      start(["bridge", instanceModule, "--router", url, "--grace", "1s", ...flags], { INSTANCE_ID: id, ...env }, ready),
    relay: ({ url, to, service, flags = [], ready = /^registered / }) =>
      start(["bridge", "--to", to, "--service", service, "--router", url, ...flags], {}, ready),
    async stop() {
      await Promise.all(running.splice(0).map((process_) => process_.stop()));
      rmSync(folder, { recursive: true });
    },
  };
}
