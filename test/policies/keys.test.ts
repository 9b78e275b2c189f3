// SPDX-License-Identifier: Apache-2.0
// Calls with one key stay on one instance while others come and go.
import * as grpc from "@grpc/grpc-js";
import type { BalanceFacts } from "@grpc-router/protocol/codegenv1";
import { afterEach, describe, expect, test } from "vitest";
import { type PolicyClient, peers } from "./clients.ts";
import { PolicyRig, within } from "./policy-rig.ts";

const keys = Array.from({ length: 40 }, (_, index) => `user-${index}`);
const ids = ["one", "two", "three"];

/** `keepsAll`: a key that has an instance stays there, whoever comes. Rings give a newcomer its share. */
const strategies: readonly { readonly name: string; readonly balance: BalanceFacts; readonly keepsAll: boolean }[] = [
  { name: "sticky", balance: { sticky: {} }, keepsAll: true },
  { name: "ring_hash", balance: { ringHash: {} }, keepsAll: false },
];

/** Where each key's calls run. */
type Homes = ReadonlyMap<string, string>;

let rig: PolicyRig | undefined;
afterEach(() => rig?.stop());

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing)(`a key in the metadata of a ${title} client`, () => {
    test.each(strategies)("keeps its instance while another comes and goes: $name", async ({ balance, keepsAll }) => {
      const started = await PolicyRig.start({ balance, routeKeyMetadata: "x-user" });
      rig = started;
      await Promise.all(ids.map((id) => started.addInstance(id)));
      const client = await rig.addClient(kind);
      // All at once, the first calls of each key, too.
      const [before = new Map(), ...rounds] = await Promise.all([homesOf(client), homesOf(client), homesOf(client)]);
      for (const round of rounds) expect(round).toEqual(before);
      expect(new Set(before.values())).toEqual(new Set(ids));

      const newcomer = await rig.addInstance("newcomer");
      const during = await homesOf(client);
      const taken = keys.filter((key) => during.get(key) !== before.get(key));
      if (keepsAll) expect(taken).toEqual([]);
      else {
        expect(new Set(taken.map((key) => during.get(key)))).toContain("newcomer");
        // Its even share is a quarter; and each of four instances has fewer places on a ring than each of three, so that
        // an eighth moves between the others (Envoy and gRFC A42 do the same).
        expect(taken.length).toBeLessThan(keys.length * 0.6);
      }
      // A key that is new while the newcomer is there may well be its own; it finds another one afterwards.
      const late = await homesOf(client, lateKeys);
      expect([...late.values()]).toContain("newcomer");

      newcomer.kill("SIGKILL");
      await expect.poll(async () => (await started.instances()).length, within).toBe(ids.length);
      expect(await homesOf(client)).toEqual(before);
      const moved = await homesOf(client, lateKeys);
      for (const key of lateKeys) {
        if (late.get(key) === "newcomer") expect(ids).toContain(moved.get(key));
        else if (keepsAll) expect(moved.get(key)).toBe(late.get(key));
      }
      expect(await homesOf(client, lateKeys)).toEqual(moved);
    });
  });
}

const lateKeys = Array.from({ length: 40 }, (_, index) => `late-${index}`);

/** Makes two calls with each key, which must meet, and answers where. */
async function homesOf(client: PolicyClient, of: readonly string[] = keys): Promise<Homes> {
  const homes = await Promise.all(
    of.map(async (key) => {
      const metadata = { "x-user": key };
      const answers = await Promise.all([
        client.call({ method: "Run", name: key, metadata }),
        client.call({ method: "Repeat", name: key, metadata }),
      ]);
      const [home, other] = answers.map(({ code, details, reports }) => {
        expect(code, details).toBe(grpc.status.OK);
        return reports[0]?.instance ?? "";
      });
      expect(other).toBe(home);
      return [key, home ?? ""] as const;
    }),
  );
  return new Map(homes);
}
