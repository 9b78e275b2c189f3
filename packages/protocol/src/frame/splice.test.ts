// SPDX-License-Identifier: Apache-2.0
// The property that the design stands on: what the codec writes are the reference encoder's bytes, and it reads them.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callHead, NUMBERS, payload, replyHead, SIZES } from "./frame-arbitraries.suite.js";
import {
  hex,
  plain,
  readCall,
  readReply,
  referenceCallHead,
  referenceReplyHead,
  writeCall,
  writeReply,
} from "./frame-facts.suite.js";
import { encodeReference, memberOfSize, type Payload } from "./reference-frames.suite.js";

describe("writeCallFrame()", () => {
  test("writes the reference encoder's bytes, which the readers read back", () => {
    fc.assert(
      fc.property(callHead, payload, (facts, part) => {
        const written = writeCall(facts, part);
        expect(hex(written)).toBe(hex(encodeReference(referenceCallHead(facts), part)));
        expect(readCall(written)).toEqual({ head: facts, payload: plain(part) });
      }),
      { numRuns: 400 },
    );
  });
});

describe("writeReplyFrame()", () => {
  test("writes the reference encoder's bytes, which the readers read back", () => {
    fc.assert(
      fc.property(replyHead, payload, (facts, part) => {
        const written = writeReply(facts, part);
        expect(hex(written)).toBe(hex(encodeReference(referenceReplyHead(facts), part)));
        expect(readReply(written)).toEqual({ head: facts, payload: plain(part) });
      }),
      { numRuns: 400 },
    );
  });
});

describe("every size and tag", () => {
  test.each(NUMBERS.flatMap((number) => SIZES.map((size) => ({ number, size }))))(
    "a member of $size octets with number $number",
    ({ number, size }) => {
      const part: Payload = { kind: "member", number, message: memberOfSize(size) };
      const facts = { callId: 1, start: null, halfClose: false, credit: 0, cancel: -1 };
      expect(hex(writeCall(facts, part))).toBe(hex(encodeReference(referenceCallHead(facts), part)));
    },
  );
});
