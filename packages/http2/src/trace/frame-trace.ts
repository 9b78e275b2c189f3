// SPDX-License-Identifier: Apache-2.0
import { ReaderScope } from "../hpack/reader-scope.js";
import type { ReceivedState } from "./header-trace.js";
import { TracedDirection } from "./traced-direction.js";

/** Where a trace writes, and its clock. */
export interface FrameTraceOptions {
  /** Called with each line, without a line end. */
  readonly line: (line: string) => void;
  /** Monotonic now, in milliseconds; times in the lines count from the first reading. */
  readonly nowMs: () => number;
}

/** Width of a time: seconds below a day with six digits behind the point. */
const timeChars = 12;
const indent = " ".repeat(timeChars + " recv   ".length);

/**
 * Shows the frames of one connection in readable form, in both directions (`ConnectionOptions.trace`): one line per
 * frame, a line below it for each header field. Values of credentials and of binary metadata are shown by their length
 * alone, payload not at all. It looks on: whatever the octets are, it shows what is wrong with them, and never throws.
 *
 * For looking at single connections, not for operation: it copies and decodes everything once more.
 *
 * @example
 * const trace = new FrameTrace({ line: console.log, nowMs: () => performance.now() });
 */
export class FrameTrace {
  readonly #received: TracedDirection;
  readonly #sent: TracedDirection;

  constructor({ line, nowMs }: FrameTraceOptions) {
    const startMs = nowMs();
    const writer = (name: string) => (head: string, below: readonly string[]) => {
      const time = ((nowMs() - startMs) / 1_000).toFixed(6).padStart(timeChars);
      line(`${time} ${name} ${head}`);
      for (const text of below) line(`${indent}${text}`);
    };
    const scope = new ReaderScope();
    this.#received = new TracedDirection(scope, writer("recv"));
    this.#sent = new TracedDirection(scope, writer("send"));
    this.#received.other = this.#sent;
    this.#sent.other = this.#received;
  }

  /** The trace begins in the middle: what has come so far has led to this. Comes before any octets. */
  joinReceived(state: ReceivedState): void {
    this.#received.join(state);
  }

  /** The same of what was sent, as a header block that leads to the peer's table. */
  joinSent(block: Uint8Array): void {
    this.#sent.joinAfter(block);
  }

  /** The connection got `bytes[start, end)`. */
  received(bytes: Uint8Array, start: number, end: number): void {
    this.#received.push(bytes, start, end);
  }

  /** The connection sends `bytes[start, end)`. */
  sent(bytes: Uint8Array, start: number, end: number): void {
    this.#sent.push(bytes, start, end);
  }
}
