// SPDX-License-Identifier: Apache-2.0
import { existsSync, openSync, readFileSync, writeSync } from "node:fs";

/** A file that only grows, one write for each line: what was written stays when its process is killed. */
export class LedgerFile<Entry extends object> {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  append(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

/** All entries of a ledger, none of one that was never begun. @throws Error for a line that is not whole. */
export function readLedger<Entry extends object>(path: string): Entry[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  if (lines.pop() !== "") throw new Error(`Cannot read ${path}: its last line must be whole`);
  return lines.map((line) => JSON.parse(line) as Entry); // its writer is LedgerFile or the Go client
}
