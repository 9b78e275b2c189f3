// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema, anyUnpack, DurationSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeStatusDetails, encodeStatusDetails } from "./status-details.js";

const errorInfo = { reason: "NO_INSTANCE", domain: "grpcrouter", metadata: { execution: "none", "": "x" } };

describe("encodeStatusDetails()", () => {
  test("writes what protobuf would", () => {
    const info = "0a0b4e4f5f494e5354414e4345" + "120a67727063726f75746572";
    const typeUrl = Buffer.from("type.googleapis.com/google.rpc.ErrorInfo").toString("hex");
    const any = `0a28${typeUrl}1219${info}`;
    expect(hex(encodeStatusDetails({ code: 14, message: "no", errorInfo: { ...errorInfo, metadata: {} } }))).toBe(
      `080e12026e6f1a45${any}`,
    );
  });

  test.each([
    [0, { seconds: 0n, nanos: 0 }],
    [20_000, { seconds: 20n, nanos: 0 }],
    [1_250.5, { seconds: 1n, nanos: 250_500_000 }],
  ])("writes a delay of %d ms as a Duration", (retryAfterMs, duration) => {
    const bytes = encodeStatusDetails({ code: 0, message: "", retryAfterMs });
    const inner = toBinary(DurationSchema, create(DurationSchema, duration));
    expect(hex(bytes)).toContain(hex(Uint8Array.of(0x0a, inner.length, ...inner)));
    expect(decodeStatusDetails(bytes)?.retryAfterMs).toBe(retryAfterMs);
  });

  test("is undone by decodeStatusDetails()", () => {
    const other = { typeUrl: "type.googleapis.com/google.protobuf.Duration", value: Uint8Array.of(8, 1) };
    const status = { code: 8, message: "f\u00fcll", errorInfo, retryAfterMs: 5, others: [other] };
    const decoded = decodeStatusDetails(encodeStatusDetails(status));
    expect(decoded).toEqual(status);
    const [detail] = decoded?.others ?? [];
    const unpacked =
      detail && anyUnpack(create(AnySchema, { ...detail, value: new Uint8Array(detail.value) }), DurationSchema);
    expect(unpacked?.seconds).toBe(1n);
  });

  test("keeps any text", () => {
    const text = fc.string({ unit: "grapheme" });
    const random = fc.record({
      code: fc.nat(16),
      message: text,
      errorInfo: fc.record({
        reason: text,
        domain: text,
        metadata: fc.dictionary(text, text, { noNullPrototype: true }),
      }),
    });
    fc.assert(
      fc.property(random, (status) => {
        expect(decodeStatusDetails(encodeStatusDetails(status))).toMatchObject(status);
      }),
    );
  });
});

describe("decodeStatusDetails()", () => {
  test("reads no bytes as OK", () => {
    expect(decodeStatusDetails(new Uint8Array(0))).toEqual({ code: 0, message: "", others: [] });
  });

  test("keeps the first ErrorInfo, and one that cannot be read as another detail", () => {
    const first = encodeStatusDetails({ code: 1, message: "", errorInfo });
    const second = encodeStatusDetails({ code: 2, message: "", errorInfo: { ...errorInfo, reason: "OTHER" } });
    expect(decodeStatusDetails(Buffer.concat([first, second]))).toMatchObject({ code: 2, errorInfo });
    const broken = { typeUrl: "x/google.rpc.ErrorInfo", value: Uint8Array.of(0x0a, 5) };
    const brokenDelay = { typeUrl: "google.rpc.RetryInfo", value: Uint8Array.of(0x80) };
    const decoded = decodeStatusDetails(encodeStatusDetails({ code: 1, message: "", others: [broken, brokenDelay] }));
    expect(decoded).toMatchObject({ errorInfo: undefined, retryAfterMs: undefined, others: [broken, brokenDelay] });
  });

  test("takes a name that objects have of their own", () => {
    const metadata = Object.fromEntries([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    const decoded = decodeStatusDetails(
      encodeStatusDetails({ code: 1, message: "", errorInfo: { ...errorInfo, metadata } }),
    );
    expect(Object.entries(decoded?.errorInfo?.metadata ?? {})).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  test.each(["08", "1205", "00", "1a0108".slice(0, 4)])("gives undefined for %s", (text) => {
    expect(decodeStatusDetails(Buffer.from(text, "hex"))).toBeUndefined();
  });

  test("drops a detail that is no Any, and never fails", () => {
    expect(decodeStatusDetails(Buffer.from("1a010a", "hex"))).toMatchObject({ others: [] });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const decoded = decodeStatusDetails(bytes);
        expect(decoded === undefined || typeof decoded.code === "number").toBe(true);
      }),
    );
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
