// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { joinBytes, rawPreface, rawSettings, rawSettingsAck } from "@grpc-router/testing/raw-http2";
import { requireTool } from "../../harness/tools.ts";
import type { TargetAddress } from "../targets/target.ts";

/** `openssl s_client`, which can do to TLS what Node's client cannot: renegotiate and change keys (openssl-s_client(1)). */
export interface OpensslClient {
  /** Everything it has said. */
  readonly output: string;
  /** Its connection is over. */
  readonly over: boolean;
  /** Gives it bytes; a line that begins with `R` renegotiates, one with `K` or `k` changes keys. False once it is over. */
  type(bytes: Uint8Array | string): Promise<boolean>;
  /** Waits for `condition`, asked with all it says; false if `withinMs` go by. */
  until(condition: () => boolean, withinMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Milliseconds for the program to have read what it was given. */
const settleMs = 200;

/** Connects, chooses h2 and says the client's preface, so that only TLS is special about it. */
export async function startOpensslClient(
  { host, port }: TargetAddress,
  args: readonly string[],
): Promise<OpensslClient> {
  const connect = ["s_client", "-connect", `${host}:${port}`, "-alpn", "h2", "-servername", "localhost", ...args];
  const client = new OpensslProcess(spawn(requireTool("openssl"), connect, { stdio: "pipe" }));
  await client.until(() => client.over || client.output.includes("Verify return code"), 10_000);
  await client.type(joinBytes(rawPreface, rawSettings(), rawSettingsAck));
  // What comes in the same read as these would be taken for more of them, not for a command.
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return client;
}

class OpensslProcess implements OpensslClient {
  output = "";
  over = false;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("latin1").on("data", (text: string) => {
        this.output += text;
        this.#tell();
      });
    }
    child.stdin?.on("error", () => {}); // it may end at any time
    child.once("close", () => {
      this.over = true;
      this.#tell();
    });
  }

  async type(bytes: Uint8Array | string): Promise<boolean> {
    const { stdin } = this.#child;
    if (this.over || stdin === null || !stdin.writable) return false;
    if (!stdin.write(bytes)) await this.until(() => stdin.writableNeedDrain === false || this.over, 5_000);
    return !this.over;
  }

  async until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const endMs = performance.now() + withinMs;
    while (!condition()) {
      const left = endMs - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 20));
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }

  async stop(): Promise<void> {
    if (this.over) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }

  #tell(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
