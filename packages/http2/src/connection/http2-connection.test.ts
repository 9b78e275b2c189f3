// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  Bench,
  exchange,
  literals,
  noLiterals,
  requestTemplate,
  responseTemplate,
  trailersTemplate,
} from "./recorder.suite.js";

describe("createConnection()", () => {
  it("exchanges a request and a response between both roles", () => {
    const client = new Bench("client");
    const server = new Bench("server");
    exchange(client, server);
    const stream = client.connection.open(requestTemplate, literals(["x-a", "1"]), 0, 7, false);
    client.connection.write(stream, new Uint8Array(100), 0, 100, true);
    exchange(client, server);
    expect(server.handler.take()).toEqual([
      "head 1 :method=POST,:scheme=http,:path=/test.Echo/Unary,:authority=test,x-a=1",
      "data 1 100 end",
    ]);
    const answered = server.handler.stream(1);
    server.connection.writeHead(answered, responseTemplate, noLiterals, 0, 0, false);
    server.connection.write(answered, new Uint8Array(50), 0, 50, false);
    server.connection.writeHead(answered, trailersTemplate, noLiterals, 0, 0, true);
    expect(server.handler.take()).toEqual(["closed 1 0 end"]);
    exchange(client, server);
    expect(client.handler.take()).toEqual([
      "head 1 :status=200",
      "data 1 50",
      "trailers 1 grpc-status=0",
      "closed 1 0 end",
    ]);
  });
});
