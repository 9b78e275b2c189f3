// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { encodeMalformedFrames, loadMalformedVectors, type MalformedVector } from "./malformed-vectors.js";
import { type RawFrame, RawType } from "./raw-http2/raw-frame.js";
import { createRawFrameParser } from "./raw-http2/raw-frame-parser.js";

const vectors = loadMalformedVectors();

describe("loadMalformedVectors()", () => {
  it("has every rule for both roles, each vector once", () => {
    const names = vectors.map(({ role, name }) => `${role}: ${name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(vectors.filter(({ role, reaction }) => role === "server" && reaction !== "accept").length).toBeGreaterThan(
      100,
    );
    expect(vectors.filter(({ role, reaction }) => role === "client" && reaction !== "accept").length).toBeGreaterThan(
      50,
    );
  });

  it("has the shape that the file describes", () => {
    for (const vector of vectors) {
      expect(vector.section, vector.name).toMatch(/^(8\.\d|RFC 9110 7\.2)/);
      expect(Object.keys(vector).filter((key) => !known.has(key))).toEqual([]);
      expect(vector.code === undefined, vector.name).toBe(vector.reaction === "accept");
      expect(vector.fault === undefined || vector.reaction === "stream", vector.name).toBe(true);
      expect(vector.frames.length).toBeGreaterThan(0);
      const text = fieldsOf(vector).flat().join("");
      expect(
        [...text].every((character) => character.charCodeAt(0) < 256),
        vector.name,
      ).toBe(true);
    }
  });
});

const known = new Set(["name", "section", "role", "frames", "reaction", "code", "fault", "note"]);

function fieldsOf({ frames }: MalformedVector): readonly (readonly [string, string])[] {
  return frames.flatMap((frame) => (frame.type === "DATA" ? [] : frame.fields));
}

describe("encodeMalformedFrames()", () => {
  it("writes whole frames, and the same blocks in pieces", () => {
    for (const vector of vectors) {
      const whole = framesIn(encodeMalformedFrames(vector));
      expect(whole).toHaveLength(vector.frames.length);
      const cut = framesIn(encodeMalformedFrames(vector, { cutBlocksAt: 1 }));
      expect(payloadsOf(cut)).toEqual(payloadsOf(whole));
      expect(cut.some(({ type }) => type === RawType.continuation)).toBe(
        vector.frames.some((frame) => frame.type === "HEADERS" && frame.fields.length > 0),
      );
    }
  });
});

function framesIn(bytes: Uint8Array): readonly RawFrame[] {
  const parser = createRawFrameParser();
  const frames = parser.push(bytes);
  expect(parser.rest.length).toBe(0);
  return frames;
}

function payloadsOf(frames: readonly RawFrame[]): Buffer {
  return Buffer.concat(frames.map(({ payload }) => payload));
}
