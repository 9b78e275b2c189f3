// SPDX-License-Identifier: Apache-2.0
import type { Method } from "../ledger/records.ts";

/** What a client is told to call. */
export interface CallOrder {
  readonly call: string;
  readonly method: Method;
  /** 0: no deadline. */
  readonly deadlineMs: number;
  /** 0: the client does not give the call up. */
  readonly cancelAfterMs: number;
  /** The router lets it wait for an instance (`x-grpc-router-wait-for-ready`), the client for a connection. */
  readonly patient: boolean;
  /** Request messages, payload bytes of each. */
  readonly messages: number;
  readonly bytes: number;
  /** Messages after which the client waits for `go`; 0: none. */
  readonly pauseAfter: number;
  /** What user code shall do, as in ledger.proto. */
  readonly replies: number;
  readonly replyBytes: number;
  readonly workMs: number;
  readonly hold: "" | "running" | "replying" | "ending";
}

/** A line to a client. `settle`: say `settled` when the router has read all that was sent on the connection so far. */
export type ClientCommand =
  | ({ readonly do: "call" } & CallOrder)
  | { readonly do: "go"; readonly call: string }
  | { readonly do: "settle"; readonly token: number }
  | { readonly do: "probe"; readonly token: number };

/** A line to an instance. */
export type InstanceCommand =
  /** Held calls go on, and none is held any more. */
  | { readonly do: "release" }
  /** The process sends itself the signal when the next call ends on it: at the end of user code, or a turn of the loop after it. */
  | { readonly do: "signal-at-end"; readonly signal: "SIGKILL" | "SIGTERM" | "SIGSTOP"; readonly late: boolean }
  | { readonly do: "probe"; readonly token: number };

/** Calls `act` with each command on standard input; the process ends when its parent is gone. */
export function readCommands<Command>(act: (command: Command) => void): void {
  let rest = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) act(JSON.parse(line) as Command); // the other end is told-process.ts
  });
  process.stdin.once("end", () => process.exit(1));
}

/** Says something to the parent. */
export function say(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
