// SPDX-License-Identifier: Apache-2.0
// An ordinary connect-node server of TestService: `node connect-server.ts [--port N] [--tls cert.pem:key.pem]
// [--max-streams N]`. It knows nothing of routers. Prints `ready PORT`; SIGUSR2 makes it say how many connections it had.
import { readFileSync } from "node:fs";
import { createSecureServer, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { TestService } from "../../interop/gen/grpc/testing/test_pb.ts";
import { testService } from "../../interop/test-service.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    tls: { type: "string" },
    "max-streams": { type: "string", default: "100" },
  },
});
const [cert, key] = values.tls?.split(":") ?? [];
const settings = { maxConcurrentStreams: Number(values["max-streams"]) };
const handler = connectNodeAdapter({ routes: (router) => router.service(TestService, testService) });
const server =
  cert === undefined || key === undefined
    ? createServer({ settings }, handler)
    : createSecureServer({ settings, cert: readFileSync(cert), key: readFileSync(key) }, handler);
let connections = 0;
server.on("session", () => connections++);
process.on("SIGUSR2", () => console.log(`connections ${connections}`));
server.listen(Number(values.port), "127.0.0.1", () => console.log(`ready ${(server.address() as AddressInfo).port}`));
