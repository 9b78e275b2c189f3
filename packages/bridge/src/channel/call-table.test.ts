// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { createServedService } from "../dispatch/served-service.js";
import { echoBridge } from "../testing/echo-service.suite.js";
import { Call, type CallPort } from "./call.js";
import { CallTable } from "./call-table.js";

const { unknownMethod } = createServedService(echoBridge, new Map([["say", { code: () => 0, interceptors: [] }]]));

function createCall(id: number): Call {
  return new Call(id, unknownMethod, {} as CallPort, new Uint8Array(0), { request: 0, reply: 0 });
}

describe("CallTable", () => {
  it.each([1, 2, 3, 4, 5])("does what a Map does, seed %i", (seed) => {
    const random = createSeededRandom(seed);
    const table = new CallTable();
    const oracle = new Map<number, Call>();
    for (let at = 0; at < 5_000; at++) {
      // Few low bits, so that slots hold chains; ids beyond 2^32, as long channels have.
      const id = random.integer(40) * 64 + random.integer(3) + (random.integer(2) === 0 ? 0 : 2 ** 40);
      const known = oracle.get(id);
      expect(table.get(id)).toBe(known);
      if (known === undefined) {
        const call = createCall(id);
        oracle.set(id, call);
        table.add(call);
      } else {
        oracle.delete(id);
        table.remove(known);
        table.remove(known);
      }
      expect(table.size).toBe(oracle.size);
    }
    expect(new Set(table.calls())).toEqual(new Set(oracle.values()));
  });
});
