// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { foreignAnswer, recognizeForeign } from "./foreign-answer.js";

describe("recognizeForeign()", () => {
  it.each([
    ["GET / HTTP/1.1\r\n\r\n", "HTTP/1"],
    ["OPTIONS * HTTP/1.1\r\n", "HTTP/1"],
    ["CONNECT example.com:443 HTTP/1.1\r\n", "HTTP/1"],
    ["POST http://example.com/a/very/long/target HTTP/1.1\r\n", "HTTP/1"],
    ["GET [::1]", "HTTP/1"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"],
    ["PRI * HTTP/2.0\r\n", "HTTP/2"],
    ["SSH-2.0-OpenSSH_9.2\r\n", "unknown"],
    ["GET", "unknown"],
    ["", "unknown"],
    ["\u0080\u002e\u0001\u0000\u0002", "unknown"],
  ])("takes %j for %s", (text, protocol) => {
    expect(recognizeForeign(Buffer.from(text, "latin1"))).toBe(protocol);
  });
});

describe("foreignAnswer()", () => {
  const refusal = { status: "400 Bad Request", text: "This port speaks TLS" };

  it("is a whole HTTP/1.1 response", () => {
    expect(foreignAnswer("HTTP/1", refusal).toString()).toBe(
      "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 21\r\n\r\nThis port speaks TLS\n",
    );
  });

  it("is SETTINGS and GOAWAY with INADEQUATE_SECURITY and the text", () => {
    const bytes = foreignAnswer("HTTP/2", refusal);
    expect(bytes.subarray(0, 26).toString("hex")).toBe("00000004000000000000001c070000000000000000000000000c");
    expect(bytes.subarray(26).toString()).toBe("This port speaks TLS");
  });

  it("is nothing for what nobody knows", () => {
    expect(foreignAnswer("unknown", refusal).length).toBe(0);
  });
});
