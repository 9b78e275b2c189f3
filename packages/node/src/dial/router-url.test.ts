// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { parseRouterUrl } from "./router-url.js";

describe("parseRouterUrl()", () => {
  it.each([
    ["http://localhost:8080", { host: "localhost", port: 8080, encrypted: false, url: "http://localhost:8080" }],
    ["http://localhost", { host: "localhost", port: 80, encrypted: false, url: "http://localhost" }],
    ["https://router.example/", { host: "router.example", port: 443, encrypted: true, url: "https://router.example" }],
    ["HTTPS://[::1]:9", { host: "::1", port: 9, encrypted: true, url: "https://[::1]:9" }],
  ])("reads %s", (text, address) => {
    expect(parseRouterUrl(text)).toEqual({ role: "router", ...address });
  });

  it.each([
    ["localhost:8080", 'must start with http:// or https://, received "localhost:8080". Write http://localhost:8080'],
    ["grpc://localhost:8080", 'must start with http:// or https://, received "grpc://localhost:8080"'],
    ["", 'must start with http:// or https://, received "". Write http://'],
    ["http://", 'must be http://host:port, received "http://"'],
    ["http://host:99999", 'must be http://host:port, received "http://host:99999"'],
    ["http://host:1/a?b", 'must have no path, received "/a?b". Write http://host:1'],
    ["http://me:secret@host", "must hold no user name or password, received one"],
  ])("refuses %s", (text, message) => {
    expect(() => parseRouterUrl(text)).toThrow(
      expect.objectContaining({ code: "URL_INVALID", message: `Cannot dial the router: its URL ${message}` }),
    );
  });
});
