// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createTestIo } from "../test-io.suite.js";
import { readAdminTarget } from "./admin-target.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-admin-target-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "ca.pem"), "authorities");

const urlOf = async (admin: string | undefined, tls = {}, env = {}) =>
  (await readAdminTarget({ ...(admin === undefined ? {} : { admin }), ...tls }, createTestIo({ folder, env }))).url;

describe("readAdminTarget()", () => {
  it.each([
    ["http://router:8081", "http://router:8081"],
    ["https://router/", "https://router"],
    ["router:8081", "http://router:8081"],
    ["[::1]:8081", "http://[::1]:8081"],
    [":9000", "http://127.0.0.1:9000"],
    ["9000", "http://127.0.0.1:9000"],
    [undefined, "http://127.0.0.1:8081"],
  ])("of --admin %s makes %s", async (admin, url) => {
    expect(await urlOf(admin)).toBe(url);
  });

  it("speaks TLS to host:port where certificates are given, and to a URL as it says", async () => {
    const tls = { adminTlsCa: "ca.pem" };
    expect(await urlOf("router:8081", tls)).toBe("https://router:8081");
    expect(await urlOf(undefined, tls, { GRPC_ROUTER_ADMIN: "other:1" })).toBe("https://other:1");
    expect(await urlOf("http://router:8081", tls)).toBe("http://router:8081");
  });

  it.each(["router", "router:99999", "ftp://router:1", "http://router:1/path", ""])("refuses %j", async (admin) => {
    await expect(urlOf(admin)).rejects.toThrow(
      `Cannot ask the router: --admin must be host:port, http://host:port or https://host:port, received ${admin}`,
    );
  });
});
