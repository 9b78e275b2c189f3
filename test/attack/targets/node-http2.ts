// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { createCertificate } from "../../harness/certificate.ts";
import { startGrpcServer } from "./grpc-server.ts";
import { endedFault } from "./proxy.ts";
import type { Target } from "./target.ts";

/** A server on node:http2 that answers gRPC itself, with Node's default settings. */
export const nodeHttp2Target: Target = {
  name: "node-http2",
  describe: async () =>
    `Node.js ${process.versions.node}, node:http2 (nghttp2 ${process.versions.nghttp2}), its defaults`,
  missing: () => undefined,
  async start({ tls = false }, pinning) {
    const certificate = tls ? createCertificate() : undefined;
    const server = await startGrpcServer(pinning.target, certificate);
    const ca = certificate && readFileSync(certificate.cert, "utf8");
    const ended = endedFault(server, "node-http2");
    return {
      address: { host: "127.0.0.1", port: server.port, ca },
      pid: server.pid,
      resetInstance: () => server.resetCounts(),
      instance: () => server.counts(),
      memory: () => server.memory(),
      limitHits: async () => ({}),
      faults: () => ended(),
      stop: () => server.stop(),
    };
  },
};
