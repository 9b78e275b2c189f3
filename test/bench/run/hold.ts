// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { goProgram } from "../peers/go-programs.ts";

/** Connections or calls that stay open until they are let go. */
export interface Held {
  letGo(): Promise<void>;
}

/** What is held. */
export interface HoldOptions {
  readonly port: number;
  /** Calls on each connection; 0: one call that ends, then nothing. */
  readonly callsOnEach: number;
  readonly connections: number;
  readonly prefix: readonly string[];
}

/** Opens connections, or calls on them, and keeps them. @throws Error with the load program's words if one fails. */
export async function hold({ port, callsOnEach, connections, prefix }: HoldOptions): Promise<Held> {
  const what =
    callsOnEach === 0
      ? ["-idle", "-streams=1"]
      : ["-hold", `-streams=${callsOnEach}`, "-path=/bench.v1.StreamService/Hold"];
  const [command = "", ...args] = [
    ...prefix,
    await goProgram("load"),
    `-address=127.0.0.1:${port}`,
    `-connections=${connections}`,
    ...what,
  ];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const ended = once(child, "close");
  const held = once(createInterface({ input: child.stdout }), "line").then(() => true);
  if (!(await Promise.race([held, ended.then(() => false)]))) throw new Error(`Cannot hold: ${complaint}`);
  return {
    async letGo() {
      child.stdin.end();
      await ended;
    },
  };
}
