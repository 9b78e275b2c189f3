// SPDX-License-Identifier: Apache-2.0

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";

const gen = fileURLToPath(new URL("../../../../examples/quickstart/src/gen", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "scaffold-"));
cpSync(gen, join(folder, "gen"), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

const text = `import type { ServiceImpl } from "@connectrpc/connect";
import { UserService } from "./gen/acme/user/v1/user_pb.js";

export const users: ServiceImpl<typeof UserService> = {
};
`;

async function scaffold(...args: string[]) {
  const io = createTestIo({ folder });
  return { code: await run(["scaffold", ...args], io), ...io.text };
}

describe("grpc-router scaffold", () => {
  it("shows what it adds, writes it, and has nothing to add then", async () => {
    writeFileSync(join(folder, "users.ts"), text);
    const dry = await scaffold("users.ts", "--dry-run");
    expect(dry).toMatchObject({ code: 0, err: expect.stringContaining("Nothing is written") });
    expect(dry.out).toContain("+  async getUser(request) {");
    expect(readFileSync(join(folder, "users.ts"), "utf8")).toBe(text);

    const real = await scaffold("users.ts");
    expect(real.out).toBe(dry.out);
    expect(real.err).toBe("Added to acme.user.v1.UserService: getUser, watchUsers, importUsers, syncUsers\n");
    expect(readFileSync(join(folder, "users.ts"), "utf8")).toContain("async *syncUsers(requests) {");

    expect(await scaffold("users.ts")).toEqual({
      code: 0,
      out: "",
      err: "users.ts has all methods of acme.user.v1.UserService: nothing to add\n",
    });
  });

  it("writes elsewhere, and leaves the file as it is", async () => {
    writeFileSync(join(folder, "some.ts"), text);
    expect((await scaffold("some.ts", "--out", "new/some.ts", "--bridge")).code).toBe(0);
    expect(readFileSync(join(folder, "some.ts"), "utf8")).toBe(text);
    expect(readFileSync(join(folder, "new/some.ts"), "utf8")).toContain(".service(userServiceBridge, users)");
  });

  it("says what it needs, and writes nothing", async () => {
    const { code, err } = await scaffold("none.ts");
    expect(code).toBe(1);
    expect(err).toMatch(/^Cannot find an implementation in none\.ts: .*\n$/);
    expect(existsSync(join(folder, "none.ts"))).toBe(false);
  });
});
