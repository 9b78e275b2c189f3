// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { watchDescriptors } from "./watch-descriptors.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-watch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("watchDescriptors()", () => {
  it("tells of sets that are new, others and gone, not of other files, and of nothing once it has ended", async () => {
    writeFileSync(join(folder, "a.binpb"), "a");
    let changes = 0;
    const end = watchDescriptors({ folders: [folder] }, { intervalMs: 5, onChange: () => changes++ });
    const steps: readonly (() => void)[] = [
      () => writeFileSync(join(folder, "b.pb"), "b"),
      () => writeFileSync(join(folder, "a.binpb"), "longer"),
      () => rmSync(join(folder, "b.pb")),
      () => rmSync(folder, { recursive: true }),
    ];
    writeFileSync(join(folder, "c.txt"), "no set");
    for (const [index, step] of steps.entries()) {
      step();
      await vi.waitFor(() => expect(changes).toBe(index + 1), { interval: 5 });
    }
    end();
  });
});
