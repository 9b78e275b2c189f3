// SPDX-License-Identifier: Apache-2.0
import type { ClientRecord, InstanceRecord } from "../ledger/records.ts";

/** What processes say beside the records of their ledgers. */
export type Notice =
  | { readonly event: "ready" | "registered" | "signalled" }
  | { readonly event: "settled" | "probe"; readonly token: number };

/** An event, and who said it: `a`, `b`, … are instances, `node` and `go` clients. */
export type Entry = { readonly by: string } & (ClientRecord | InstanceRecord | Notice);

/** Milliseconds that an awaited event may take: other programs use the machine, too. */
const withinMs = 30_000;

/** All events of a scenario as they come, for whoever waits for one. The checker reads the ledgers themselves. */
export class Journal {
  readonly entries: Entry[] = [];
  readonly #listeners = new Set<(entry: Entry) => void>();

  add(entry: Entry): void {
    this.entries.push(entry);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Resolves with the first entry that fits, known or to come. @throws Error that says `what` did not come. */
  until(what: string, fits: (entry: Entry) => boolean, mostMs = withinMs): Promise<Entry> {
    const known = this.entries.find(fits);
    return known === undefined ? this.next(what, fits, mostMs) : Promise.resolve(known);
  }

  /** As `until`, of what is still to come. */
  next(what: string, fits: (entry: Entry) => boolean, mostMs = withinMs): Promise<Entry> {
    const { promise, resolve, reject } = Promise.withResolvers<Entry>();
    const listener = (entry: Entry) => {
      if (fits(entry)) resolve(entry);
    };
    const timer = setTimeout(() => reject(new Error(`${what} did not happen within ${mostMs} ms`)), mostMs);
    this.#listeners.add(listener);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(listener);
    });
  }

  /** Resolves when each of `calls` has such an entry, or as many as `times`. */
  async untilEach(what: string, calls: readonly string[], fits: (entry: Entry) => boolean, times = 1): Promise<void> {
    const isLast = (call: string) => {
      let seen = 0;
      return (entry: Entry) => "call" in entry && entry.call === call && fits(entry) && ++seen === times;
    };
    await Promise.all(calls.map((call) => this.until(`${call} ${what}`, isLast(call))));
  }

  /** Resolves when each of `calls` has ended at its client. */
  untilEnded(calls: readonly string[], mostMs = withinMs): Promise<unknown> {
    return Promise.all(calls.map((call) => this.until(`the end of ${call}`, (entry) => isEndOf(entry, call), mostMs)));
  }
}

/** Whether the client says that `call` is over. */
export function isEndOf(entry: Entry, call: string): boolean {
  return entry.event === "end" && "code" in entry && entry.call === call;
}
