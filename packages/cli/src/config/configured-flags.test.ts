// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createTestIo } from "../test-io.suite.js";
import {
  type ConfigurableFlags,
  configuredAdminTls,
  configuredServeOptions,
  configureFlags,
  loadConfigOf,
} from "./configured-flags.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-configured-flags-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** As commander has them when nothing is said. */
const presets: ConfigurableFlags = {
  listen: { host: "127.0.0.1", port: 8080 },
  reusePort: false,
  allowTapMessages: false,
  admin: { host: "127.0.0.1", port: 8081 },
  module: [],
  descriptorSet: [],
  descriptorDir: [],
  descriptorWatch: 1_000,
  service: [],
  allow: [],
  allowUnauthenticatedInstances: false,
  grace: 10_000,
  logLevel: "info",
  logFormat: "text",
  traceFrames: false,
  advertise: [],
  metricsLabel: [],
};

const said: ConfigurableFlags = {
  listen: { host: "a", port: 1 },
  reusePort: true,
  allowTapMessages: true,
  admin: { host: "b", port: 2 },
  adminTokenFile: `${folder}/admin.token`,
  module: [`${folder}/m.js`],
  descriptorSet: [`${folder}/s.binpb`],
  descriptorDir: [`${folder}/sets`],
  descriptorWatch: 2_000,
  service: ["x.**"],
  allow: ["y.**"],
  serviceConfig: `${folder}/sc.json`,
  allowUnauthenticatedInstances: true,
  grace: 3_000,
  logLevel: "warn",
  logFormat: "json",
  traceFrames: true,
  advertise: ["http://r:1"],
  zone: "z",
  region: "r",
  metricsLabel: ["v"],
  otlpEndpoint: "http://o:1",
  tracesEndpoint: "http://t:1",
  traceRatio: 0.5,
};

writeFileSync(
  join(folder, "all.yaml"),
  `listeners:
  client: { address: "a:1", reuse_port: true, limits: { connections: 5 } }
  registration: { address: "c:3", reuse_port: true, tls: { certificate: i.pem, key: j.pem, names: { a.example: { certificate: k.pem, key: l.pem } } } }
  admin: { address: "b:2", token_file: admin.token, tls: { certificate: c.pem, key: k.pem, authorities: a.pem, watch_interval: 5s }, allow_tap_messages: true }
services: { modules: [m.js], descriptor_sets: [s.binpb], descriptor_folders: [sets], descriptor_watch_interval: 2s, names: [x.**], learn: [y.**], service_config: sc.json }
instances: { allow_unauthenticated: true, routers: ["http://r:1"] }
place: { zone: z, region: r }
observability: { log: { level: warn, frames: true, format: json }, metrics: { instance_labels: [v], otlp_endpoint: "http://o:1" }, traces: { otlp_endpoint: "http://t:1", ratio: 0.5 } }
drain: { grace: 3s }
memory: { process_bytes: 5000000 }
`,
);
writeFileSync(join(folder, "no-admin.yaml"), "listeners: { admin: { disabled: true } }\n");

function load(name: string) {
  const config = loadConfigOf([name], createTestIo({ folder }));
  if (config === undefined) throw new Error("there must be a configuration");
  expect(config.mistakes).toEqual([]);
  return config;
}

describe("configureFlags()", () => {
  it("takes from a configuration what flags do not say", () => {
    expect(configureFlags(presets, load("all.yaml").settings, () => false)).toEqual(said);
    expect(configureFlags(presets, load("no-admin.yaml").settings, () => false)).toEqual({ ...presets, admin: false });
  });

  it("lets every flag that is given go before it", () => {
    const given: ConfigurableFlags = {
      ...said,
      listen: { host: "l", port: 9 },
      admin: false,
      adminTokenFile: "t",
      module: ["m"],
      descriptorSet: ["s"],
      descriptorDir: ["d"],
      descriptorWatch: 5,
      service: ["a.**"],
      allow: ["b.**"],
      serviceConfig: "sc",
      grace: 7,
      logLevel: "debug",
      logFormat: "text",
      advertise: ["http://q:1"],
      zone: "y",
      region: "q",
      metricsLabel: ["w"],
      otlpEndpoint: "http://p:1",
      tracesEndpoint: "http://p:1",
      traceRatio: 0.25,
    };
    expect(configureFlags(given, load("all.yaml").settings, () => true)).toEqual(given);
  });
});

describe("configuredServeOptions()", () => {
  it("has what no flag says, and the certificates of the flags", () => {
    const tls = { cert: "x", key: "y" };
    expect(configuredServeOptions(load("all.yaml"), tls)).toEqual({
      tls,
      limits: { connections: 5 },
      memoryBytes: 5_000_000,
      registration: {
        host: "c",
        port: 3,
        reusePort: true,
        limits: undefined,
        tls: {
          cert: `${folder}/i.pem`,
          key: `${folder}/j.pem`,
          ca: undefined,
          clientCertificate: undefined,
          watchMs: undefined,
          names: { "a.example": { cert: `${folder}/k.pem`, key: `${folder}/l.pem` } },
        },
      },
    });
    expect(configuredServeOptions(undefined, tls)).toEqual({ tls });
  });
});

describe("configuredAdminTls()", () => {
  it("are the certificates of the flags, else those of the configuration", () => {
    const tls = { cert: "x", key: "y", watchMs: 7 };
    expect(configuredAdminTls(load("all.yaml"), tls)).toBe(tls);
    expect(configuredAdminTls(load("all.yaml"), undefined)).toEqual({
      cert: `${folder}/c.pem`,
      key: `${folder}/k.pem`,
      ca: `${folder}/a.pem`,
      watchMs: 5_000,
    });
    expect(configuredAdminTls(load("no-admin.yaml"), undefined)).toBeUndefined();
    expect(configuredAdminTls(undefined, tls)).toBe(tls);
  });
});
