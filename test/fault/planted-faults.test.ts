// SPDX-License-Identifier: Apache-2.0
// The suite is tested, too: real processes that lie must be found out by their ledgers.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { examineLedgers } from "./rig/examine-ledgers.ts";
import { Fleet } from "./rig/fleet.ts";

test.each([
  { fault: "an instance that runs a call twice", name: "a", args: ["--plant", "twice"], found: /it ran 2 times/ },
  {
    fault: "an instance that answers other bytes",
    name: "a",
    args: ["--plant", "other-bytes"],
    found: /the reply differs/,
  },
  {
    fault: "an instance that answers without running",
    name: "a",
    args: ["--plant", "never-ran"],
    found: /no run of it was complete/,
  },
  { fault: "a client that drops a result", name: "node", args: ["--drop-results"], found: /it never ended/ },
  { fault: "nobody", name: "nobody", args: [], found: /^$/ },
])("the ledgers tell of $fault", async ({ name, args, found }) => {
  const folder = mkdtempSync(join(tmpdir(), "fault-"));
  const fleet = await Fleet.start({ folder, instances: ["a"], clients: ["node"], extra: { [name]: args } });
  try {
    const unary = [fleet.call("node", { method: "Unary" }), fleet.call("node", { method: "Unary" })];
    const last = fleet.call("node", { method: "Bidi" });
    // A result that is dropped does not come; the last call's comes after it on the same connection.
    await fleet.journal.untilEnded(name === "node" ? [last] : [...unary, last]);
    expect(examineLedgers(fleet, { allows: [], mustSucceed: [] }).faults.join("\n")).toMatch(found);
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true });
  }
});
