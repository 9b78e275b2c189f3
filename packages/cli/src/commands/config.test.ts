// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form of variables

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-config-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function config(...args: readonly string[]) {
  const io = createTestIo({ folder, env: { GRACE: "7s" } });
  return { code: await run(["config", ...args], io), ...io.text };
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

describe("grpc-router config", () => {
  it("defaults prints a file that show takes", async () => {
    const { code, out } = await config("defaults");
    expect(code).toBe(0);
    expect(out).toContain("  # Time that calls get to end on SIGTERM");
    const shown = await config("show", write("defaults.yaml", out));
    expect([shown.code, shown.err]).toEqual([0, ""]);
    expect(shown.out).toContain("grace: 10s");
  });

  it("schema prints JSON Schema", async () => {
    const { code, out } = await config("schema");
    expect([code, JSON.parse(out).$schema]).toEqual([0, "https://json-schema.org/draft/2020-12/schema"]);
  });

  it("show merges files and masks secrets", async () => {
    write("base.yaml", "drain: { grace: '${GRACE}' }\nplace: { zone: a }\n");
    write(
      "local.yaml",
      "place: { zone: b }\nlisteners: { client: { tls: { certificate: c.pem, key: '-----BEGIN PRIVATE KEY-----' } } }\n",
    );
    const { out } = await config("show", "base.yaml", "local.yaml");
    expect(out).toBe(
      "drain:\n  grace: 7s\nplace:\n  zone: b\nlisteners:\n  client:\n    tls:\n      certificate: c.pem\n      key: (secret)\n",
    );
  });

  it("show tells every mistake on a line of its own", async () => {
    const { code, out, err } = await config("show", write("wrong.yaml", "drian: {}\ncalls: 5\n"));
    expect([code, out]).toEqual([1, ""]);
    expect(err.trim().split("\n")).toEqual([
      "Cannot use the configuration wrong.yaml: it must be without mistakes, received 2 mistakes",
      'wrong.yaml:1:1: drian: there is no field "drian"; did you mean "drain"?',
      "wrong.yaml:2:1: calls: it must have fields, such as {}, received 5",
    ]);
  });
});
