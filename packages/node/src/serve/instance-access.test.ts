// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { isLoopback, judgeInstanceAccess } from "./instance-access.js";

const open = {
  port: 8080,
  wantsCredentials: false,
  requiresCertificate: false,
  allowUnauthenticatedInstances: false,
} as const;

describe("judgeInstanceAccess()", () => {
  it.each(["0.0.0.0", "::", "10.0.0.1", "router.example", "2001:db8::1"])("lets nobody register on %s", (host) => {
    const at = host.includes(":") ? `[${host}]:8080` : `${host}:8080`;
    expect(() => judgeInstanceAccess({ ...open, host })).toThrow(
      expect.objectContaining({
        code: "CREDENTIALS_MISSING",
        message: `Cannot listen on ${at}: where others can reach the router, instances must show credentials, received none. Give createRouter registration.credentials, or serveRouter tls.ca, or state allowUnauthenticatedInstances: true`,
      }),
    );
  });

  it.each([
    ["with credentials", { wantsCredentials: true }],
    ["behind certificates", { requiresCertificate: true }],
    ["with credentials, and this stated beside", { wantsCredentials: true, allowUnauthenticatedInstances: true }],
  ])("lets them listen anywhere %s, and has nothing to say", (_name, given) => {
    expect(judgeInstanceAccess({ ...open, ...given, host: "0.0.0.0" })).toBeUndefined();
  });

  it("says who may register where anybody may", () => {
    expect(judgeInstanceAccess({ ...open, host: "127.0.0.1" })).toEqual({
      level: "info",
      message: "Only this machine can reach the router: instances need no credential",
    });
    expect(judgeInstanceAccess({ ...open, host: "0.0.0.0", allowUnauthenticatedInstances: true })).toEqual({
      level: "warn",
      message: "Whoever reaches the router may register instances and gets calls: they need no credential",
    });
  });
});

describe("isLoopback()", () => {
  it.each(["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", "LocalHost", "a.localhost"])(
    "is so for %s",
    (host) => expect(isLoopback(host)).toBe(true),
  );

  it.each(["0.0.0.0", "::", "128.0.0.1", "127.0.0.1.example", "localhost.example", "10.127.0.1", "", "::2", "fe80::1"])(
    "is not so for %s",
    (host) => expect(isLoopback(host)).toBe(false),
  );
});
