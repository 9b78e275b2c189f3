// SPDX-License-Identifier: Apache-2.0

import { createRouter } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import { defaultListenerLimits } from "../limits.js";
import { createConfigBed } from "./config-bed.suite.js";
import { createConfigDefaults } from "./config-defaults.js";

const { write, load } = createConfigBed();

describe("createConfigDefaults()", () => {
  it("loads, and says what a router without a file does", () => {
    const { settings, mistakes, credentials } = load([write("defaults.yaml", createConfigDefaults())]);
    expect(mistakes).toEqual([]);
    expect(credentials).toBeUndefined();
    expect(settings).toMatchObject({
      client: { address: { host: "127.0.0.1", port: 8080 }, tls: undefined, limits: defaultListenerLimits },
      registration: undefined,
      admin: { address: { host: "127.0.0.1", port: 8081 }, disabled: false },
      modules: [],
      allowUnauthenticatedInstances: false,
      logLevel: "info",
      traceFrames: false,
      graceMs: 10_000,
      memoryBytes: undefined,
    });
    expect(() => createRouter(settings.router)).not.toThrow();
  });

  it("is a whole configuration once its comments are taken away, but for what excludes each other", () => {
    const text = createConfigDefaults()
      .split("\n")
      .filter((line) => !line.includes("token_file:") && !line.includes("include:"))
      .map((line) => line.replace(/^( *)# ([a-z_]+:( |$).*)/, "$1$2"))
      .filter((line) => !/^ *#/.test(line))
      .join("\n");
    write("users.token", "0123456789abcdef");
    const { mistakes, settings } = load([write("whole.yaml", text)]);
    expect(mistakes).toEqual([]);
    expect(settings.client.tls).toMatchObject({ clientCertificate: "require", watchMs: 60_000 });
    expect(settings.registration?.address).toEqual({ host: "10.0.0.1", port: 8090 });
  });
});
