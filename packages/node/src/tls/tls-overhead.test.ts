// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it, vi } from "vitest";
import { TLS_OVERHEAD_CHECK_MS, TLS_OVERHEAD_LEAK_BYTES } from "../limits.js";
import { TlsOverheadGuard } from "./tls-overhead.js";

const leak = (TLS_OVERHEAD_LEAK_BYTES * TLS_OVERHEAD_CHECK_MS) / 1_000;

function watched() {
  const guard = new TlsOverheadGuard({ limitBytes: 1_000 });
  const records = { bytesRead: 5_000 };
  const data = { bytesRead: 100 };
  const onFlood = vi.fn();
  const end = guard.watch(records, data, onFlood);
  return {
    onFlood,
    end,
    read: (ofRecords: number, ofData: number) => {
      records.bytesRead += ofRecords;
      data.bytesRead += ofData;
      guard.sweep();
    },
  };
}

describe("TlsOverheadGuard", () => {
  it("reports records without data once, when they are more than the limit and what was forgiven", () => {
    const { read, onFlood } = watched();
    read(1_000 + leak, 0);
    expect(onFlood).not.toHaveBeenCalled();
    read(leak + 1, 0);
    expect(onFlood).toHaveBeenCalledTimes(1);
    read(9_999, 0);
    expect(onFlood).toHaveBeenCalledTimes(1);
  });

  it("takes records of one octet each for honest", () => {
    const { read, onFlood } = watched();
    for (let look = 0; look < 100; look++) read(30_000, 1_000);
    expect(onFlood).not.toHaveBeenCalled();
  });

  it("gives no credit for data of the past", () => {
    const { read, onFlood } = watched();
    read(1_000_000, 1_000_000);
    read(2_000, 0);
    expect(onFlood).toHaveBeenCalledTimes(1);
  });

  it("looks by a timer while there is something to look at", () => {
    vi.useFakeTimers();
    const guard = new TlsOverheadGuard({ limitBytes: 10 });
    const records = { bytesRead: 0 };
    const onFlood = vi.fn();
    const end = guard.watch({ bytesRead: 0 }, { bytesRead: 0 }, onFlood);
    guard.watch(records, { bytesRead: 0 }, onFlood);
    expect(vi.getTimerCount()).toBe(1);
    records.bytesRead = 100_000;
    vi.advanceTimersByTime(TLS_OVERHEAD_CHECK_MS);
    expect(onFlood).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(1);
    end();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});
