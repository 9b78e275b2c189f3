// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";

/** What `npm start` was asked for. */
export interface StartOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly instances: number;
  /** Make the calls, print the results, stop. */
  readonly once: boolean;
}

const USAGE = "Usage: npm start -- [--port N] [--instances N] [--once]";

/** @throws Error with one line that says what to write. */
export function readOptions(args: readonly string[]): StartOptions {
  const { values } = parse(args);
  return {
    port: readCount("--port", values.port, 0, 65_535),
    instances: readCount("--instances", values.instances, 1, 100),
    once: values.once,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string", default: "8080" },
        instances: { type: "string", default: "3" },
        once: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(". ", 1)[0] : String(error);
    throw new Error(`${reason}. ${USAGE}`, { cause: error });
  }
}

function readCount(name: string, text: string, least: number, most: number): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= least && count <= most) return count;
  throw new Error(`Cannot start: ${name} must be ${least} to ${most}, received ${text}. ${USAGE}`);
}
