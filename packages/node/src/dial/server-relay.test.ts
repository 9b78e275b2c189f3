// SPDX-License-Identifier: Apache-2.0

import { ServerReflection } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import { createServerRelay } from "./server-relay.js";

const services = [ServerReflection];

describe("createServerRelay()", () => {
  it("makes something that dialRouter takes", () => {
    expect(createServerRelay({ to: "http://localhost:50051", services })).toHaveProperty("open");
  });

  it.each([
    [
      { to: "localhost:50051" },
      'Cannot dial the server: its URL must start with http:// or https://, received "localhost:50051"',
    ],
    [{ to: "http://localhost", tls: { servername: "a" } }, "Cannot dial the server: with tls its URL must be https://"],
    [{ to: "https://localhost", tls: { ca: "/no.pem" } }, "Cannot read tls.ca from /no.pem"],
    [{ to: "http://localhost", capacity: -1 }, "capacity must be a whole number"],
  ])("refuses %o", (options, message) => {
    expect(() => createServerRelay({ ...options, services })).toThrow(message);
  });
});
