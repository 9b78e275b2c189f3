// SPDX-License-Identifier: Apache-2.0
// What the processes of a scenario write, a JSON object a line, into a ledger file each and, as events, to standard
// output. Times are of the machine's clock, in milliseconds: all processes run on one machine.

/** The kinds of call; `Again` marks those that may run twice. */
export const methods = [
  "Unary",
  "ServerStream",
  "ClientStream",
  "Bidi",
  "UnaryAgain",
  "ServerStreamAgain",
  "ClientStreamAgain",
  "BidiAgain",
] as const;
export type Method = (typeof methods)[number];

/** What ErrorInfo says of a call that did not end well. */
export type Execution = "none" | "unknown" | "started";

/** What a client writes. `out`, `in`: a message left user code, or reached it. */
export type ClientRecord =
  | {
      readonly event: "begin";
      readonly call: string;
      readonly t: number;
      readonly method: Method;
      /** 0: none. */
      readonly deadlineMs: number;
      /** When the client itself gives the call up; 0: never. */
      readonly cancelAfterMs: number;
    }
  | { readonly event: "out" | "in"; readonly call: string; readonly t: number; readonly hash: string }
  | {
      readonly event: "end";
      readonly call: string;
      readonly t: number;
      readonly code: number;
      readonly message: string;
      /** ErrorInfo's reason and execution; empty when the router said nothing. */
      readonly reason: string;
      readonly execution: Execution | "";
    };

/** How an execution ended: its code came to its end, or was stopped by an abort or another error. */
export type ExecutionEnd = "returned" | "aborted" | "threw";

/** What an instance writes. `run` numbers the executions of its process. */
export type InstanceRecord =
  | {
      readonly event: "begin";
      readonly call: string;
      readonly run: number;
      readonly t: number;
      readonly method: Method;
      /** grpc-previous-rpc-attempts, 0 without it. */
      readonly attempts: number;
    }
  | {
      readonly event: "out" | "in";
      readonly call: string;
      readonly run: number;
      readonly t: number;
      readonly hash: string;
    }
  | {
      readonly event: "end";
      readonly call: string;
      readonly run: number;
      readonly t: number;
      readonly how: ExecutionEnd;
    };

/** Whether a method may run twice. */
export function mayRepeat(method: Method): boolean {
  return method.endsWith("Again");
}
