// SPDX-License-Identifier: Apache-2.0

import type { Transport, TransportSink } from "@grpc-router/http2";

/** A sink that notes what it is told; `until` resolves when a condition on it holds. */
export class RecordingSink implements TransportSink {
  readonly chunks: Buffer[] = [];
  receivedBytes = 0;
  drains = 0;
  ends = 0;
  closes = 0;
  error: Error | undefined;
  /** Called with every chunk, before it is noted. */
  onReceive: ((bytes: Uint8Array, start: number, end: number) => void) | undefined;
  #waiting: { readonly condition: (sink: RecordingSink) => boolean; readonly resolve: () => void }[] = [];

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.onReceive?.(bytes, start, end);
    this.chunks.push(Buffer.from(bytes.slice(start, end)));
    this.receivedBytes += end - start;
    this.#check();
  }

  drained(): void {
    this.drains++;
    this.#check();
  }

  ended(): void {
    this.ends++;
    this.#check();
  }

  closed(error?: Error): void {
    this.closes++;
    this.error = error;
    this.#check();
  }

  /** Everything received so far. */
  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  until(condition: (sink: RecordingSink) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ condition, resolve });
      this.#check();
    });
  }

  #check(): void {
    const ready = this.#waiting.filter(({ condition }) => condition(this));
    this.#waiting = this.#waiting.filter((entry) => !ready.includes(entry));
    for (const { resolve } of ready) resolve();
  }
}

/** Writes all of `bytes` in pieces of at most `pieceBytes`, waiting for `drained` as the contract says. */
export async function writeAll(transport: Transport, sink: RecordingSink, bytes: Uint8Array, pieceBytes: number) {
  const piece = new Uint8Array(pieceBytes); // one buffer, reused: a transport that keeps it too long is found out
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const length = Math.min(pieceBytes, bytes.length - at);
    piece.set(bytes.subarray(at, at + length));
    const { drains } = sink;
    if (!transport.write(piece, length)) await sink.until((seen) => seen.drains > drains || seen.closes > 0);
    piece.fill(0xee);
  }
}
