// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { parseRouterUrl } from "./router-url.js";
import { checkTokenTransport } from "./token-transport.js";

describe("checkTokenTransport()", () => {
  it.each(["https://router.example", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:1"])(
    "lets a token go to %s",
    (url) => {
      expect(() => checkTokenTransport(parseRouterUrl(url))).not.toThrow();
    },
  );

  it.each(["http://router.example:8080", "http://10.0.0.1", "http://localhost.example"])("refuses it for %s", (url) => {
    expect(() => checkTokenTransport(parseRouterUrl(url))).toThrow(
      expect.objectContaining({
        code: "TOKEN_EXPOSED",
        message: `Cannot dial the router: with a token its URL must be https://, or of this machine, received ${url}. Write https://, or state allowPlaintextToken: true`,
      }),
    );
  });
});
