// SPDX-License-Identifier: Apache-2.0
// Clients that retry by their own service config (gRFC A6), in front of a router that retries, too: never stacked.
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peers } from "./clients.ts";
import { PolicyRig } from "./policy-rig.ts";

const routerAttempts = 3;
const clientAttempts = 4;
const retryPolicy = {
  maxAttempts: clientAttempts,
  initialBackoff: "0.01s",
  maxBackoff: "0.01s",
  backoffMultiplier: 1,
  retryableStatusCodes: ["UNAVAILABLE"],
};
const serviceConfig = { methodConfig: [{ name: [{ service: "faults.v1.FaultService" }], retryPolicy }] };

let rig: PolicyRig;

beforeAll(async () => {
  const retry = { maxAttempts: routerAttempts, initialBackoffMs: 1 };
  rig = await PolicyRig.start({
    methods: { run: { retry }, repeat: { hedging: { maxAttempts: 3, nonFatalStatusCodes: [14] } } },
  });
  await Promise.all(["one", "two"].map((id) => rig.addInstance(id, { unavailableShare: 1 })));
});
afterAll(() => rig?.stop());

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing)(`a ${title} client that retries by itself`, () => {
    test("gets the router's retries for its first attempt, and none for the further ones", async () => {
      const client = await rig.addClient(kind, serviceConfig);
      const name = `${kind} stacked`;
      const answer = await client.call({ method: "Run", name });
      expect(answer.code, answer.details).toBe(grpc.status.UNAVAILABLE);
      // 0, 1, 2 are the router's, and 1, 2, 3 the client's own: 6 runs and not 12.
      expect(await attempts(name)).toEqual([0, 1, 1, 2, 2, 3]);
    });

    test("gets no hedges for its further attempts", async () => {
      const client = await rig.addClient(kind, serviceConfig);
      const name = `${kind} hedged`;
      const answer = await client.call({ method: "Repeat", name });
      expect(answer.code, answer.details).toBe(grpc.status.UNAVAILABLE);
      // Two instances: the first attempt and one hedge, then the client's own.
      expect(await attempts(name)).toEqual([0, 1, 1, 2, 3]);
    });

    test("is told by metadata of a lone first attempt, too: the router makes no retry", async () => {
      const client = await rig.addClient(kind);
      const name = `${kind} told`;
      const metadata = { "grpc-previous-rpc-attempts": "2" };
      const answer = await client.call({ method: "Run", name, metadata });
      expect(answer.code, answer.details).toBe(grpc.status.UNAVAILABLE);
      expect(await attempts(name)).toEqual([2]);
    });
  });
}

// grpc-go does not hedge.
test("a grpc-js client that hedges by itself gets the router's retries for its first attempt only", async () => {
  const hedgingPolicy = { maxAttempts: 3, hedgingDelay: "0s", nonFatalStatusCodes: ["UNAVAILABLE"] };
  const client = await rig.addClient("grpc-js", {
    methodConfig: [{ name: [{ service: "faults.v1.FaultService" }], hedgingPolicy }],
  });
  const answer = await client.call({ method: "Run", name: "hedging" });
  expect(answer.code, answer.details).toBe(grpc.status.UNAVAILABLE);
  // 0, 1, 2 are the router's, and 1, 2 the client's own.
  expect(await attempts("hedging")).toEqual([0, 1, 1, 2, 2]);
});

/** The attempts before each run of a call, sorted. */
async function attempts(name: string): Promise<number[]> {
  await rig.untilRead();
  return rig
    .runsOf(name)
    .map(({ attemptsBefore }) => attemptsBefore)
    .toSorted();
}
