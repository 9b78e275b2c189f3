// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { http1Answer, recognizeForeign } from "./foreign-answer.js";

describe("recognizeForeign()", () => {
  it.each([
    ["GET / HTTP/1.1\r\n\r\n", "HTTP/1"],
    ["OPTIONS * HTTP/1.1\r\n", "HTTP/1"],
    ["CONNECT example.com:443 HTTP/1.1\r\n", "HTTP/1"],
    ["POST http://example.com/a/very/long/target HTTP/1.1\r\n", "HTTP/1"],
    ["GET [::1]", "HTTP/1"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"],
    ["PRI * HTTP/2.0\r\n", "HTTP/2"],
    ["SSH-2.0-OpenSSH_9.2\r\n", "an unknown protocol"],
    ["GET", "an unknown protocol"],
    ["", "an unknown protocol"],
    ["\u0080\u002e\u0001\u0000\u0002", "an unknown protocol"],
  ])("takes %j for %s", (text, protocol) => {
    expect(recognizeForeign(Buffer.from(text, "latin1"))).toBe(protocol);
  });
});

it("http1Answer() is a whole response of HTTP/1.1", () => {
  const answer = http1Answer({ status: "400 Bad Request", text: "This port speaks TLS" });
  expect(String(answer)).toBe(
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 21\r\n\r\nThis port speaks TLS\n",
  );
});
