// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { requireTool } from "../harness/tools.ts";

/** A running `openssl s_client`: lines that begin with R or K make it renegotiate or update its keys. */
export interface SClient {
  /** Writes to its standard input. */
  say(text: string): void;
  /** Resolves with all it has written, when the connection is over. */
  readonly ended: Promise<string>;
  /** Resolves when its output matches. */
  until(pattern: RegExp): Promise<void>;
  stop(): void;
}

/** Connects `openssl s_client` to `address` and offers h2. */
export function startSClient(address: string, ...args: readonly string[]): SClient {
  const child = spawn(requireTool("openssl"), ["s_client", "-connect", address, "-alpn", "h2", ...args]);
  let output = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
      for (const check of waiting) check();
    });
  }
  child.stdin.on("error", () => {}); // it has ended
  const ended = new Promise<string>((resolve) => child.once("close", () => resolve(output)));
  return {
    say: (text) => void child.stdin.write(text),
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!pattern.test(output)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
        void ended.then(() => reject(new Error(`openssl did not write ${pattern}:\n${output}`)));
      }),
    stop: () => void child.kill("SIGKILL"),
  };
}
