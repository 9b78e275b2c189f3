// SPDX-License-Identifier: Apache-2.0
// What clients and a failing fleet see of the policies that bound retries, and of those that answer in its place.
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { type Answer, type PolicyClient, peers } from "./clients.ts";
import { PolicyRig } from "./policy-rig.ts";

const { OK, UNAVAILABLE } = grpc.status;

let rig: PolicyRig | undefined;
afterEach(() => rig?.stop());

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing)(`a fleet that fails, for a ${title} client`, () => {
    test("is spared retries when its throttle is empty, and gets them again when it is well", async () => {
      const retryThrottling = { maxTokens: 10, tokenRatio: 0.5 };
      const retry = { maxAttempts: 2, initialBackoffMs: 1 };
      rig = await PolicyRig.start({ retryThrottling, methods: { run: { retry } } });
      const instance = await rig.addInstance("one", { unavailableShare: 1 });
      const client = await rig.addClient(kind);
      // Each failure costs a token, and a retry needs more than 5: two calls are tried again, the others are not.
      expect(codesOf(await callsOf(client, "ill", 12))).toEqual(new Set([UNAVAILABLE]));
      expect(await runsOf(rig, "ill")).toBe(2 + 2 + 10);
      // 14 successes are worth 7 tokens, of which one retry is left.
      await instance.link.ask("behave", {});
      expect(codesOf(await callsOf(client, "well", 14))).toEqual(new Set([OK]));
      await instance.link.ask("behave", { unavailableShare: 1 });
      expect(codesOf(await callsOf(client, "ill again", 2))).toEqual(new Set([UNAVAILABLE]));
      expect(await runsOf(rig, "ill again")).toBe(2 + 1);
    });

    test("is left alone behind its breaker, and its method's static reply is the answer", async () => {
      const circuitBreaker = { consecutiveFailures: 3, penaltyMs: 60_000 };
      const fallback = { reply: { code: OK, payload: { instance: "static" } } };
      rig = await PolicyRig.start({ methods: { run: { circuitBreaker, fallback }, repeat: { circuitBreaker } } });
      await Promise.all(["one", "two"].map((id) => rig?.addInstance(id, { unavailableShare: 1 })));
      const client = await rig.addClient(kind);
      const answers = await callsOf(client, "run", 16);
      expect(answers.slice(0, 6).map(({ code }) => code)).toEqual(Array.from({ length: 6 }, () => UNAVAILABLE));
      for (const { code, details, reports } of answers.slice(6)) {
        expect(code, details).toBe(OK);
        expect(reports).toEqual([{ instance: "static", attemptsBefore: 0 }]);
      }
      expect(await runsOf(rig, "run")).toBe(6);
      // Breakers are by method; this one has no reply of its own.
      const others = await callsOf(client, "repeat", 8, "Repeat");
      expect(codesOf(others)).toEqual(new Set([UNAVAILABLE]));
      expect(others.at(-1)?.details).toContain("(CIRCUIT_OPEN)");
      expect(await runsOf(rig, "repeat")).toBe(6);
    });
  });
}

/** Makes calls one after the other. */
async function callsOf(
  client: PolicyClient,
  name: string,
  count: number,
  method: "Run" | "Repeat" = "Run",
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let made = 0; made < count; made++) answers.push(await client.call({ method, name }));
  return answers;
}

const codesOf = (answers: readonly Answer[]) => new Set(answers.map(({ code }) => code));

/** How often instances ran calls of this name. */
async function runsOf(at: PolicyRig, name: string): Promise<number> {
  await at.untilRead();
  return at.runsOf(name).length;
}
