// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { type BytesValue, BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { createSeededRandom } from "../seeded-random.js";
import { EventLoop } from "./event-loop.js";
import { drawHooks, withHooks } from "./hook-plan.js";
import { drawScenario } from "./scenario.js";
import { readContent, writeContent } from "./sim-content.js";
import { SimProcess } from "./sim-process.js";

test("every sixth world has hooks, which keep, replace and take their time, and leave content readable", async () => {
  const seen = { worlds: 0, kept: 0, replaced: 0, promised: 0 };
  for (let seed = 0; seed < 60; seed++) {
    const { hooks: plan } = drawScenario(seed, createSeededRandom(seed));
    if (plan === undefined) continue;
    seen.worlds++;
    const process = new SimProcess(new EventLoop(), "router", 0);
    const settings = withHooks({ methods: {} }, 0, { plan, process });
    for (const method of Object.values(settings?.methods ?? {})) {
      for (let sequence = 0; sequence < 10; sequence++) {
        const value = writeContent({ call: 3, sequence, execution: 2 }, 50);
        const answer = method?.onResponse?.(create(BytesValueSchema, { value }) as never) as unknown;
        if (answer instanceof Promise) seen.promised++;
        else if (answer === undefined) seen.kept++;
        else {
          seen.replaced++;
          const { value: replaced } = answer as BytesValue;
          expect(readContent(replaced), `seed ${seed}`).toEqual({ call: 3, sequence, execution: 2 });
          expect(replaced.length).toBeGreaterThan(value.length);
        }
      }
    }
  }
  expect(seen.worlds).toBe(10);
  for (const count of [seen.kept, seen.replaced, seen.promised]) expect(count).toBeGreaterThan(50);
});

test("worlds with hooks have none on methods that are called with other content types", () => {
  const { calls } = drawScenario(1, createSeededRandom(1));
  const others = calls.map((call) => ({ ...call, subtype: "json" as const }));
  expect(drawHooks(1, calls)?.methods.has(calls[0]?.method as never)).toBe(true);
  expect(drawHooks(1, others)?.methods.has(calls[0]?.method as never)).toBe(false);
  expect(drawHooks(2, calls)).toBeUndefined();
});
