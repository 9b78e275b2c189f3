// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRouter } from "@grpc-router/node";
import { afterAll, expect, it, vi } from "vitest";
import { followServices } from "./follow-services.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-follow-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("followServices() renews what a folder has in its turn, and reads nothing before", async () => {
  const order: string[] = [];
  const turn = Promise.withResolvers<void>();
  const end = followServices({
    flags: { descriptorDir: ["."], descriptorWatch: 2 },
    folder,
    server: {
      setServices: () => {
        order.push("set");
        return { added: [], changed: [], removed: [] };
      },
    },
    logger: { log: (_level, event) => order.push(event) },
    create: async () => {
      order.push("read");
      return createRouter();
    },
    inTurn: async (step) => {
      order.push("waits");
      await turn.promise;
      await step();
    },
  });
  writeFileSync(join(folder, "a.binpb"), "");
  await vi.waitFor(() => expect(order).toEqual(["waits"]));
  turn.resolve();
  await vi.waitFor(() => expect(order).toEqual(["waits", "read", "set"]));
  end?.();
});
