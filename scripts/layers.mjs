// SPDX-License-Identifier: Apache-2.0
// The table of rooms in docs/architecture.md, for check-layers.mjs; test/readme holds the two against each other.

const own = (...names) => names.map((name) => `@grpc-router/${name}`);
const protobuf = ["@bufbuild/protobuf"];

/** What each room may import beside its own files; `node` stands for every `node:` module. */
export const rooms = {
  protocol: [...protobuf],
  http2: [],
  runtime: [...own("protocol", "http2"), ...protobuf],
  bridge: [...own("protocol", "http2"), ...protobuf, "@connectrpc/connect"],
  node: [
    ...own("protocol", "http2", "runtime", "bridge"),
    ...protobuf,
    "@bufbuild/protovalidate",
    "@connectrpc/connect",
    "@connectrpc/connect-node",
    "@opentelemetry/api",
    "@opentelemetry/exporter-metrics-otlp-proto",
    "@opentelemetry/otlp-exporter-base",
    "@opentelemetry/otlp-transformer",
    "@opentelemetry/resources",
    "@opentelemetry/sdk-metrics",
    "pino",
    "yaml",
    "node",
  ],
  cli: [
    ...own("protocol", "http2", "runtime", "bridge", "node"),
    ...protobuf,
    "@connectrpc/connect",
    "@connectrpc/connect-node",
    "commander",
    "diff",
    "ts-morph",
    "yaml",
    "node",
  ],
  "protoc-gen-grpc-router": [
    ...own("protocol"),
    ...protobuf,
    "@bufbuild/protoplugin",
    "@bufbuild/protoc-gen-es",
    "node",
  ],
  testing: [...own("protocol", "http2", "runtime", "bridge"), ...protobuf, "node"],
};

/** Tests may also use what tests are made of, and real peers. */
export const inTests = [
  ...own("protocol", "http2", "testing", "runtime", "bridge", "node"),
  ...protobuf,
  "@bufbuild/protoplugin",
  "@bufbuild/protovalidate",
  "@connectrpc/connect",
  "@connectrpc/connect-node",
  "@grpc/grpc-js",
  "ajv",
  "vitest",
  "fast-check",
  "node",
];

/** Examples import published entry points only. */
export const inExamples = [...own("node", "protocol"), ...protobuf, "@connectrpc/connect", "@grpc/grpc-js", "node"];
