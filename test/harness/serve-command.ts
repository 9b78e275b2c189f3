// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { type Running, startProcess } from "./processes.ts";

/** The command `grpc-router`; it runs what `npm run build` made. */
export const cli: string = fileURLToPath(new URL("../../packages/cli/bin/grpc-router.js", import.meta.url));

/** `grpc-router serve` as operators start it. */
export interface ServeProcess extends Running {
  /** `host:port`. */
  readonly address: string;
  /** `http://host:port`, for a router without TLS. */
  readonly url: string;
}

/** Starts it with these flags, on any free port and without its admin API, and waits until it listens. */
export async function startServe(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServeProcess> {
  const args = [cli, "serve", "--listen", "127.0.0.1:0", "--no-admin", ...flags];
  const router = await startProcess(process.execPath, { args, env, ready: /^ready / });
  const address = /^ready (\S+) /.exec(router.line)?.[1] ?? "";
  return { ...router, address, url: `http://${address}` };
}
