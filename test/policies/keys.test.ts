// SPDX-License-Identifier: Apache-2.0
// Calls with one key stay on one instance while others come and go.
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PolicyClient, peers } from "./clients.ts";
import { PolicyRig, within } from "./policy-rig.ts";

const ids = ["one", "two", "three"];

/** `keepsAll`: a key that has an instance stays there, whoever comes. Rings give a newcomer its share. */
const strategies = [
  { name: "sticky", method: "Run", keepsAll: true },
  { name: "ring_hash", method: "Repeat", keepsAll: false },
] as const;

type Strategy = (typeof strategies)[number];

/** Where each key's calls run. */
type Homes = ReadonlyMap<string, string>;

let rig: PolicyRig;
beforeAll(async () => {
  const routeKeyMetadata = "x-user";
  rig = await PolicyRig.start({
    methods: {
      run: { balance: { sticky: {} }, routeKeyMetadata },
      repeat: { balance: { ringHash: {} }, routeKeyMetadata },
    },
  });
  await Promise.all(ids.map((id) => rig.addInstance(id)));
});
afterAll(() => rig?.stop());

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing).each(strategies)(`$name by metadata for a ${title} client`, (strategy) => {
    const { method, keepsAll, name } = strategy;
    const keys = Array.from({ length: 40 }, (_, index) => `${kind} ${index}`);
    const lateKeys = keys.map((key) => `late ${key}`);

    test("keeps the calls of a key on one instance while another comes and goes", async () => {
      const client = await rig.addClient(kind);
      // All at once, the first calls of each key, too.
      const [before = new Map(), ...rounds] = await Promise.all([1, 2, 3].map(() => homesOf(client, method, keys)));
      for (const round of rounds) expect(round).toEqual(before);
      expect(new Set(before.values())).toEqual(new Set(ids));

      const newcomer = await rig.addInstance(`newcomer-${name}-${kind}`);
      const during = await homesOf(client, method, keys);
      const moved = keys.filter((key) => during.get(key) !== before.get(key));
      const isNew = (home: string | undefined) => home?.startsWith("newcomer") === true;
      if (keepsAll) expect(moved).toEqual([]);
      else {
        expect(moved.filter((key) => isNew(during.get(key))).length).toBeGreaterThan(0);
        // The newcomer's even share is a quarter; and each of four instances has fewer places on a ring than each of
        // three, so that an eighth moves between the others (Envoy and gRFC A42 do the same).
        expect(moved.length).toBeLessThan(keys.length * 0.6);
      }
      // Keys that come with it may live on it, and find another home afterwards.
      const late = await homesOf(client, method, lateKeys);
      expect([...late.values()].some(isNew)).toBe(true);

      newcomer.kill("SIGKILL");
      await expect.poll(async () => hasNewcomer(await rig.instances()), within).toBe(false);
      expect(await homesOf(client, method, keys)).toEqual(before);
      const after = await homesOf(client, method, lateKeys);
      for (const key of lateKeys) {
        if (isNew(late.get(key))) expect(ids).toContain(after.get(key));
        else if (keepsAll) expect(after.get(key)).toBe(late.get(key));
      }
      expect(await homesOf(client, method, lateKeys)).toEqual(after);
    });
  });
}

const hasNewcomer = (instances: readonly { readonly instanceId: string }[]) =>
  instances.some(({ instanceId }) => instanceId.startsWith("newcomer"));

/** Makes a call with each key, all at once, and answers where. */
async function homesOf(client: PolicyClient, method: Strategy["method"], keys: readonly string[]): Promise<Homes> {
  const homes = await Promise.all(
    keys.map(async (key) => {
      const { code, details, reports } = await client.call({ method, name: key, metadata: { "x-user": key } });
      expect(code, details).toBe(grpc.status.OK);
      return [key, reports[0]?.instance ?? ""] as const;
    }),
  );
  return new Map(homes);
}
