// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DescMessage } from "@bufbuild/protobuf";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { defaultKeepalive, defaultLimits } from "@grpc-router/http2";
import { factName } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import {
  ConnectionLimitsSchema,
  KeepaliveSchema,
  ListenerLimitsSchema,
} from "../gen/grpcrouter/config/v1/router_config_pb.js";
import { defaultListenerLimits } from "../limits.js";
import { createConfigBed } from "./config-bed.suite.js";
import { commentOf, defaultOf } from "./config-fields.js";

const { folder, write, load } = createConfigBed();

describe("settingsOf()", () => {
  it("hands every field to the option that it stands for, paths whole", () => {
    write(
      "etc/all.yaml",
      `listeners:
  client:
    address: "[::1]:9000"
    reuse_port: true
    tls: { certificate: cert.pem, key: /keys/key.pem, authorities: "-----BEGIN CERTIFICATE-----", client_certificate: request, watch_interval: 60s, names: { a.example: { certificate: a.pem, key: "-----BEGIN PRIVATE KEY-----" } } }
    limits: { connections: 9, handshake: 1.5s }
  registration: { address: "10.0.0.1:9001", limits: { connections: 8 } }
  admin: { address: 127.0.0.1:9002, disabled: true, token_file: a.token, tls: { certificate: a.pem, key: "-----BEGIN PRIVATE KEY-----", authorities: c.pem, watch_interval: 5s }, allow_tap_messages: true }
connections: { limits: { header_fields: 50, stall: 5s }, keepalive: { max_idle: 60s }, memory_bytes: 5000000000 }
services: { modules: [a_router.js, /b_router.js], service_config: sc.json, descriptor_sets: [a.binpb], descriptor_folders: [sets], names: [a.**], learn: [b.**], descriptor_watch_interval: 2s }
instances: { allow_unauthenticated: true, routers: ["http://a:1"] }
calls: { max_waiting_calls: 1, max_waiting_bytes: 2, max_open_calls: 3, max_request_message_bytes: 4, max_response_message_bytes: 5, error_details: false, forward_load_reports: false, hold_lost: 0.5s, max_replay_bytes: 6 }
place: { zone: z, region: r }
observability: { log: { level: warn, frames: true, modules: { calls: debug }, format: json }, metrics: { instance_labels: [v], otlp_endpoint: 'http://o:1' }, traces: { otlp_endpoint: 'http://t:1', ratio: 0.5 }, access_log: { file: calls.log, format: text, ratio: 0.25, fields: [status], metadata: [x-id] } }
drain: { grace: 3s }
memory: { process_bytes: 2000000 }
`,
    );
    const { settings, mistakes } = load(["etc/all.yaml"]);
    expect(mistakes).toEqual([]);
    expect(settings).toEqual({
      client: {
        address: { host: "::1", port: 9000 },
        reusePort: true,
        tls: {
          cert: `${folder}/etc/cert.pem`,
          key: "/keys/key.pem",
          ca: "-----BEGIN CERTIFICATE-----",
          clientCertificate: "request",
          watchMs: 60_000,
          names: { "a.example": { cert: `${folder}/etc/a.pem`, key: "-----BEGIN PRIVATE KEY-----" } },
        },
        limits: { connections: 9, handshakeMs: 1_500 },
      },
      registration: { address: { host: "10.0.0.1", port: 9001 }, tls: undefined, limits: { connections: 8 } },
      admin: {
        address: { host: "127.0.0.1", port: 9002 },
        disabled: true,
        tokenFile: `${folder}/etc/a.token`,
        tls: {
          cert: `${folder}/etc/a.pem`,
          key: "-----BEGIN PRIVATE KEY-----",
          ca: `${folder}/etc/c.pem`,
          watchMs: 5_000,
        },
        allowTapMessages: true,
      },
      router: {
        maxWaitingCalls: 1,
        maxWaitingBytes: 2,
        maxOpenCalls: 3,
        maxRequestMessageBytes: 4,
        maxResponseMessageBytes: 5,
        errorDetails: false,
        forwardLoadReports: false,
        holdLostMs: 500,
        maxReplayBytes: 6,
        connections: {
          limits: { headerFields: 50, stallMs: 5_000 },
          keepalive: { maxIdleMs: 60_000 },
          memoryBytes: 5_000_000_000,
        },
        zone: "z",
        region: "r",
        routers: ["http://a:1"],
        metrics: { instanceLabels: ["v"] },
      },
      modules: [`${folder}/etc/a_router.js`, "/b_router.js"],
      descriptorSets: [`${folder}/etc/a.binpb`],
      descriptorFolders: [`${folder}/etc/sets`],
      descriptorWatchMs: 2_000,
      serviceNames: ["a.**"],
      learn: ["b.**"],
      serviceConfig: `${folder}/etc/sc.json`,
      logModules: { calls: "debug" },
      logFormat: "json",
      otlpEndpoint: "http://o:1",
      tracesEndpoint: "http://t:1",
      traceRatio: 0.5,
      accessLog: {
        path: `${folder}/etc/calls.log`,
        format: "text",
        ratio: 0.25,
        fields: ["status"],
        metadata: ["x-id"],
      },
      allowUnauthenticatedInstances: true,
      tokenFile: undefined,
      logLevel: "warn",
      traceFrames: true,
      graceMs: 3_000,
      memoryBytes: 2_000_000,
    });
  });

  it.each<[string, DescMessage, Readonly<Record<string, number | boolean>>]>([
    ["ListenerLimits", ListenerLimitsSchema, { ...defaultListenerLimits }],
    ["ConnectionLimits", ConnectionLimitsSchema, { ...defaultLimits }],
    ["Keepalive", KeepaliveSchema, { ...defaultKeepalive.server }],
  ])("%s has the fields of its options, and states their defaults", (_, desc, defaults) => {
    expect(desc.fields.map(factName).toSorted()).toEqual(Object.keys(defaults).toSorted());
    for (const field of desc.fields) {
      const value = defaults[factName(field)];
      const said = defaultOf(field);
      // What has no default says so: never, or by another field.
      const shown = field.fieldKind === "message" ? `${Number(value) / 1_000}s` : String(value);
      const expected = value === Number.POSITIVE_INFINITY || field.name === "grown_window_bytes" ? undefined : shown;
      expect([field.name, said]).toEqual([field.name, expected]);
      expect(commentOf(`${desc.typeName}.${field.name}`)).toMatch(/\bDefault[: ]/);
    }
  });
});

describe("the rules' schema that our files compile with", () => {
  it("has the names, numbers and types of protovalidate's own", () => {
    const path = fileURLToPath(new URL("../../proto-deps/buf/validate/validate.proto", import.meta.url));
    const text = readFileSync(path, "utf8");
    let checked = 0;
    for (const [, name = "", body = ""] of text.matchAll(/^(?:message|extend) ([\w.]+) \{\n(.*?)^\}/gms)) {
      const own = file_buf_validate_validate.messages.find((message) => message.name === name)?.fields;
      const extensions = file_buf_validate_validate.extensions.filter((one) => one.extendee.typeName === name);
      for (const [, type = "", field = "", number] of body.matchAll(
        /^ +(?:optional |repeated )?([\w.]+) (\w+) = (\d+);/gm,
      )) {
        const known = (own ?? extensions).find((one) => one.name === field);
        const typeName = known?.message?.typeName.replace("buf.validate.", "") ?? scalarNames[known?.scalar ?? 0];
        expect([name, field, String(known?.number), typeName]).toEqual([name, field, number, type]);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(25);
  });
});

/** Of `ScalarType`. */
const scalarNames: Readonly<Record<number, string>> = {
  1: "double",
  4: "uint64",
  8: "bool",
  9: "string",
  13: "uint32",
};
