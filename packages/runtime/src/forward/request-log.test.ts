// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { ReplayBudget } from "../resilience/replay-budget.js";
import type { ClientAccount } from "./client-account.js";
import { RequestLog } from "./request-log.js";

describe("RequestLog", () => {
  test("holds what waits and what is kept, and gives every byte of window back once", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = createSeededRandom(seed);
      const log = new RequestLog();
      const all: number[] = [];
      let sent = 0;
      let returned = 0;
      for (let step = 0; step < 150; step++) {
        const action = random.integer(10);
        if (action < 5) {
          const piece = random.randomBytes(random.integer(400));
          all.push(...piece);
          log.append(piece, 0, piece.length);
        } else if (action < 8) {
          const count = random.integer(log.end - log.sent + 1);
          sent += count;
          returned += log.advance(log.sent + count);
        } else if (action === 8) returned += log.returnAll();
        else if (log.kept && random.integer(5) === 0) {
          log.rewind();
          sent = 0;
        }
        expect(log.waiting, `seed ${seed}`).toBe(all.length - sent);
        expect([...log.bytes.subarray(log.sent, log.end)]).toEqual(all.slice(sent));
        expect(returned).toBeLessThanOrEqual(all.length);
      }
      returned += log.advance(log.end);
      expect(returned, `seed ${seed}`).toBe(all.length);
    }
  });

  test("has all that a grown window brings, in order, in little more memory, with turns in its buffer", () => {
    const budget = { replay: new ReplayBudget(Number.POSITIVE_INFINITY) };
    const free = { keptBytes: 0, isFull: false, budget } as ClientAccount;
    for (let seed = 1; seed <= 12; seed++) {
      const random = createSeededRandom(seed);
      const log = new RequestLog();
      log.client = free;
      const all = random.randomBytes(2_000_000);
      let come = 0;
      let sent = 0;
      let base = 0;
      let returned = 0;
      if (seed % 3 === 0) log.drop();
      while (sent < all.length) {
        const label = `seed ${seed}, at ${sent} of ${come}`;
        const isSlow = come < 1_500_000;
        if (come < all.length && random.integer(isSlow ? 3 : 9) > 0) {
          const end = Math.min(all.length, come + random.integer(20_000));
          log.append(all, come, end);
          come = end;
        } else {
          // A turn and what begins in it.
          const count = Math.min(log.end - log.sent, random.integer(33_000));
          const at = log.sent;
          expect(Buffer.compare(log.bytes.subarray(at, at + count), all.subarray(sent, sent + count)), label).toBe(0);
          returned += log.advance(at + count);
          sent += count;
        }
        expect(log.waiting, label).toBe(come - sent);
        if (log.waiting > log.end - log.sent) expect(log.end - log.sent, label).toBeGreaterThanOrEqual(65_536);
        expect(free.keptBytes - base, label).toBeLessThanOrEqual(come - sent + 3 * 65_536 + 131_072);
        if (log.kept && random.integer(50) === 0) {
          log.rewind();
          sent = 0;
        }
      }
      expect(returned, `seed ${seed}`).toBe(all.length);
      log.clear();
      expect(free.keptBytes, `seed ${seed}`).toBe(base);
      base = free.keptBytes;
    }
  });

  test("keeps 64 KiB and no more", () => {
    const log = new RequestLog();
    const piece = new Uint8Array(16_384);
    for (let count = 0; count < 4; count++) log.appendSent(piece, 0, piece.length);
    expect(log.kept).toBe(true);
    log.appendSent(piece, 0, 1);
    expect(log.kept).toBe(false);
    expect(log.end).toBe(0);
    const other = new RequestLog();
    for (let count = 0; count < 5; count++) other.append(piece, 0, piece.length);
    other.advance(other.end);
    expect(other.kept).toBe(false);
  });

  test("clear() lets a large buffer go and keeps a small one", () => {
    const log = new RequestLog();
    log.append(new Uint8Array(100), 0, 100);
    log.clear();
    expect(log.bytes.length).toBe(256);
    log.append(new Uint8Array(10_000), 0, 10_000);
    log.clear();
    expect(log.bytes.length).toBe(0);
    expect(log.kept).toBe(true);
  });
});
