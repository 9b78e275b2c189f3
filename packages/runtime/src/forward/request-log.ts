// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "@grpc-router/http2";
import { acquireBytes, MAX_KEPT_REQUEST_BYTES, releaseBytes } from "@grpc-router/protocol";
import { maxLogBufferBytes, minLogWaitingBytes, ownBufferBytes } from "../limits.js";
import type { ClientAccount } from "./client-account.js";
import { OverflowQueue } from "./overflow-queue.js";

const nothing = new Uint8Array(0);

/**
 * The bytes of one request that the router holds, as the client sent them:
 *
 * ```
 *   0            sent           end
 *   │  kept       │  waits       │  overflow waits, too
 * ```
 *
 * What waits has come and is not on a channel yet; it is bounded by the client's window. What is kept is on the channel
 * and stays until the call is accepted, at most 64 KiB, so that proof or the lost rule can send it elsewhere. The buffer
 * holds 128 KiB at most, and what a grown window brings beyond that overflows into chunks: a buffer that doubles would be
 * three times what waits, and garbage each time that it is empty. While something is there, 64 KiB or more wait in the
 * buffer, so a turn never gets to its end.
 */
export class RequestLog {
  bytes: Uint8Array = nothing;
  /** Everything before it is on the channel. */
  sent = 0;
  end = 0;
  /** The client has its window back for everything before it; above `sent` while a request is sent again. */
  returned = 0;
  /** The log begins with the first byte of the request, and what is sent stays. */
  kept = true;
  /** Whose memory a buffer counts as, unless it is the log's own. */
  client: ClientAccount | undefined = undefined;
  /** Bytes of the buffer that count in the router's replay budget: of one that is kept for a second try. */
  #replayBytes = 0;
  #overflow: OverflowQueue | undefined = undefined;

  /** Bytes that wait. */
  get waiting(): number {
    return this.end - this.sent + this.#overflowSize;
  }

  /** Bytes that wait or are kept. */
  get held(): number {
    return this.end + this.#overflowSize;
  }

  /** Adds bytes that wait. */
  append(source: Uint8Array, start: number, end: number): void {
    this.#store(source, start, end);
    // What waits behind bytes that are kept may have made their buffer grow.
    if (this.sent > 0 || this.#replayBytes > 0) this.#countReplay();
  }

  /** Notes bytes that went to the channel straight from the client; nothing may wait. */
  appendSent(source: Uint8Array, start: number, end: number): void {
    if (!this.kept) return;
    if (this.end + (end - start) > MAX_KEPT_REQUEST_BYTES || this.#isTooDear(this.end + (end - start))) {
      this.drop();
      return;
    }
    this.#store(source, start, end);
    this.sent = this.end;
    this.returned = this.end;
    this.#countReplay();
  }

  /** What waits went to the channel up to `sent`. Answers the bytes of window that the client gets back for it. */
  advance(sent: number): number {
    this.sent = sent;
    const back = Math.max(0, sent - this.returned);
    this.returned += back;
    if (this.kept && (sent > MAX_KEPT_REQUEST_BYTES || this.#isTooDear(sent))) this.drop();
    if (this.#overflowSize > 0) this.#refill();
    else if (!this.kept && this.sent === this.end) this.#empty();
    if (this.sent > 0) this.#countReplay();
    return back;
  }

  /** The client gets its window back for all that waits, since what is to come is needed first. Answers how many bytes. */
  returnAll(): number {
    const back = this.held - this.returned;
    this.returned = this.held;
    return back;
  }

  /** What is sent need not stay any more. */
  drop(): void {
    this.kept = false;
    this.#giveReplay();
    if (this.waiting === 0) this.#empty();
  }

  /** Copies the first `size` bytes, which are here, to `target`. */
  copyTo(target: Uint8Array, size: number): void {
    const at = copyBytes(this.bytes, 0, Math.min(size, this.end), target, 0);
    if (at < size) this.#overflow?.copyTo(target, at, size - at);
  }

  /** What is kept waits again. */
  rewind(): void {
    this.sent = 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.kept = true;
    this.#empty();
  }

  #store(source: Uint8Array, start: number, end: number): void {
    // All of it, nearly always.
    const size = this.#overflowSize > 0 ? 0 : Math.min(end - start, this.#room);
    this.#reserve(size);
    this.end = copyBytes(source, start, start + size, this.bytes, this.end);
    if (start + size < end) this.#appendOverflow(source, start + size, end);
  }

  #empty(): void {
    this.sent = 0;
    this.end = 0;
    this.returned = 0;
    if (this.#overflow !== undefined) this.#dropOverflow(this.#overflow);
    if (this.bytes.length <= ownBufferBytes) return;
    this.#giveReplay();
    if (this.client !== undefined) this.client.keptBytes -= this.bytes.length;
    releaseBytes(this.bytes);
    this.bytes = nothing;
  }

  /** The client's memory has no room for `size` bytes that only a second try would need. */
  #isTooDear(size: number): boolean {
    const { client } = this;
    if (size <= ownBufferBytes || client === undefined || !client.isFull) return false;
    client.budget.counters.requestsNotKept++;
    return true;
  }

  /** The buffer, as large as it is now, is kept for a second try; where the router keeps too much already, it is not. */
  #countReplay(): void {
    const moreBytes = this.bytes.length - this.#replayBytes;
    // The log's own buffer stays with it in any case.
    if (!this.kept || moreBytes === 0 || this.bytes.length <= ownBufferBytes || this.client === undefined) return;
    const { replay, counters } = this.client.budget;
    if (replay.take(moreBytes)) {
      this.#replayBytes = this.bytes.length;
      return;
    }
    counters.replaysRefused++;
    this.drop();
  }

  #giveReplay(): void {
    if (this.#replayBytes === 0) return;
    this.client?.budget.replay.give(this.#replayBytes);
    this.#replayBytes = 0;
  }

  get #overflowSize(): number {
    return this.#overflow === undefined ? 0 : this.#overflow.size;
  }

  /** Bytes that the buffer may still take. */
  get #room(): number {
    return maxLogBufferBytes - this.end + (this.kept ? 0 : this.sent);
  }

  #appendOverflow(source: Uint8Array, start: number, end: number): void {
    this.#overflow ??= new OverflowQueue();
    const before = this.#overflow.allocatedBytes;
    this.#overflow.append(source, start, end);
    if (this.client !== undefined) this.client.keptBytes += this.#overflow.allocatedBytes - before;
  }

  /** Moves as much from the overflow to the buffer as turns need. */
  #refill(): void {
    const overflow = this.#overflow;
    if (overflow === undefined || this.end - this.sent >= minLogWaitingBytes) return;
    const size = Math.min(overflow.size, this.#room);
    const before = overflow.allocatedBytes;
    this.#reserve(size);
    this.end = overflow.moveTo(this.bytes, this.end, size);
    if (this.client !== undefined) this.client.keptBytes -= before - overflow.allocatedBytes;
  }

  #dropOverflow(overflow: OverflowQueue): void {
    if (this.client !== undefined) this.client.keptBytes -= overflow.allocatedBytes;
    overflow.clear();
    this.#overflow = undefined;
  }

  #reserve(size: number): void {
    if (this.end + size <= this.bytes.length) return;
    const drop = this.kept ? 0 : this.sent;
    const needed = this.end - drop + size;
    if (needed <= this.bytes.length) this.bytes.copyWithin(0, drop, this.end);
    else this.#move(needed, drop);
    this.sent -= drop;
    this.end -= drop;
    this.returned -= drop;
  }

  /** Moves what is held from `drop` on into a buffer of at least `needed` bytes. */
  #move(needed: number, drop: number): void {
    const larger = needed <= ownBufferBytes ? new Uint8Array(ownBufferBytes) : acquireBytes(needed);
    copyBytes(this.bytes, drop, this.end, larger, 0);
    if (this.bytes.length > ownBufferBytes) {
      if (this.client !== undefined) this.client.keptBytes -= this.bytes.length;
      releaseBytes(this.bytes);
    }
    if (this.client !== undefined && larger.length > ownBufferBytes) this.client.keptBytes += larger.length;
    this.bytes = larger;
  }
}
