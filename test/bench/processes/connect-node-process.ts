// SPDX-License-Identifier: Apache-2.0
// A connect-node server of EchoService with its defaults, for the comparison "a server by itself". Prints `ready
// 127.0.0.1:PORT pid PID`.
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { EchoService } from "../gen/bench/v1/echo_pb.ts";
import { echoService } from "./echo-services.ts";

const server = createServer(connectNodeAdapter({ routes: (router) => router.service(EchoService, echoService) }));
server.listen(0, "127.0.0.1", () => {
  console.log(`ready 127.0.0.1:${(server.address() as AddressInfo).port} pid ${process.pid}`);
});
process.once("SIGTERM", () => process.exit(0));
