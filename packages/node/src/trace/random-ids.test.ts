// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { RandomIds } from "./random-ids.js";
import { parseTraceparent, writeTraceparent } from "./trace-context.js";

describe("RandomIds", () => {
  it("draws digits that it has not drawn before", () => {
    let next = 0;
    const ids = new RandomIds((bytes) => void bytes.set(bytes.map(() => next++ % 251)));
    const traceId = "000102030405060708090a0b0c0d0e0f";
    const spanId = "1011121314151617";
    expect(ids.newTrace()).toEqual({ traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` });
    const seen = new Set([traceId, spanId]);
    // Past the end of what is drawn at once.
    for (let count = 0; count < 1_500; count++) {
      const { traceparent, ...trace } = ids.newTrace();
      expect(traceparent).toBe(writeTraceparent({ ...trace, sampled: true }));
      expect(parseTraceparent(traceparent)).toEqual({ ...trace, sampled: true });
      seen.add(trace.traceId).add(trace.spanId).add(ids.spanId());
    }
    expect([...seen].filter((id) => !/^[0-9a-f]{16}([0-9a-f]{16})?$/.test(id))).toEqual([]);
  });

  it("draws each id once", () => {
    let next = 0n;
    const count = (bytes: Uint8Array) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = 0; at < bytes.length; at += 8) view.setBigUint64(at, ++next);
    };
    const ids = new RandomIds(count);
    const seen = new Set<string>();
    for (let turn = 0; turn < 1_500; turn++) {
      const { traceId, spanId } = ids.newTrace();
      seen.add(traceId).add(spanId).add(ids.spanId());
    }
    expect(seen.size).toBe(3 * 1_500);
  });

  it("draws none that is all 0", () => {
    const ids = new RandomIds((bytes) => void bytes.fill(0));
    for (let count = 0; count < 600; count++) {
      const { traceId, spanId } = ids.newTrace();
      for (const id of [traceId, spanId, ids.spanId()]) expect(id).not.toMatch(/^0+$/);
    }
  });
});
