// SPDX-License-Identifier: Apache-2.0
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SpanAttribute, SpanFields } from "./span-fields.js";
import { readRequest } from "./span-reader.suite.js";
import { type EndedSpan, type FinishedSpan, type SpanSource, SpanWriter } from "./span-writer.js";

type SdkSpan = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];

const source: SpanSource = {
  resource: { "service.name": "grpc-router", "service.größe": "1" },
  scope: { name: "@grpc-router/node", version: "1.2.3" },
};

/** The same as OpenTelemetry's SDK has it, for its serializer. */
function sdkSpan(span: FinishedSpan, resource: SdkSpan["resource"], scope: SdkSpan["instrumentationScope"]): SdkSpan {
  const { traceId, spanId, parentId, isRemote, traceState, fields, error } = span;
  const { name = "", kind = 1 } = fields[0]?.parts ?? {};
  const context = { traceId, spanId, traceFlags: 1, traceState: { serialize: () => traceState } };
  return {
    spanContext: () => context,
    parentSpanContext: parentId === "" ? undefined : { traceId, spanId: parentId, traceFlags: 1, isRemote },
    name,
    kind: kind - 1,
    startTime: hrTimeOf(span.startMs),
    endTime: hrTimeOf(span.endMs),
    attributes: Object.fromEntries(fields.flatMap(({ parts }) => parts.attributes)),
    status: error === "" ? { code: 0 } : { code: 2, message: error },
    events: [],
    links: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    resource,
    instrumentationScope: scope,
    // Of the rest nothing is written.
  } as unknown as SdkSpan;
}

function hrTimeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

const id = (octets: number) =>
  fc.uint8Array({ minLength: octets, maxLength: octets }).map((bytes) => Buffer.from(bytes).toString("hex"));
const text = fc.oneof(
  fc.constantFrom("", "a", "größe", "\u{1F600}", "x".repeat(127), "ü".repeat(64), "y".repeat(20_000)),
  fc.string({ unit: "binary", maxLength: 20 }).map((value) => value.toWellFormed()),
);
const number = fc.oneof(fc.constantFrom(0, 1, 127, 128, 2 ** 31, 2 ** 32, 2 ** 48), fc.nat());
const attribute: fc.Arbitrary<SpanAttribute> = fc.tuple(text, fc.oneof(text, number, fc.boolean()));
// Quarters of a millisecond, which both sides have without rounding.
const ms = fc.nat().chain((quarters) => fc.constantFrom(0, 1.7e12, 2 ** 41).map((from) => from + quarters / 4));
const fields = fc
  .record({
    name: text,
    kind: fc.constantFrom(1 as const, 2 as const, 3 as const),
    attributes: fc
      .uniqueArray(attribute, { selector: ([name]) => name, maxLength: 6 })
      .filter((list) => list.every(([name]) => !/^(\d+|__proto__)$/.test(name))),
  })
  .map(({ attributes, ...own }) => [
    new SpanFields({ ...own, attributes: attributes.slice(0, 2) }),
    new SpanFields({ attributes: attributes.slice(2) }),
  ]);
const span: fc.Arbitrary<FinishedSpan> = fc
  .record({
    traceId: id(16),
    spanId: id(8),
    parentId: fc.oneof(fc.constant(""), id(8)),
    isRemote: fc.boolean(),
    traceState: fc.constantFrom("", "a=1,b=2"),
    startMs: ms,
    endMs: ms,
    fields,
    error: fc.oneof(fc.constant(""), text),
  })
  .map((one) => ({ ...one, isRemote: one.isRemote && one.parentId !== "" }));

const endedOf = (span: FinishedSpan): EndedSpan => ({ toSpan: () => span });

describe("SpanWriter", () => {
  it("writes what OpenTelemetry's serializer writes", () => {
    const resource = resourceFromAttributes({ ...source.resource });
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 5 }), (spans) => {
        const writer = new SpanWriter(source);
        for (const one of spans) writer.write([endedOf(one)]);
        expect(writer.count).toBe(spans.length);
        const written = readRequest(writer.takeRequest());
        expect(written.spans.length).toBe(spans.length);
        const theirs = spans.map((one) => sdkSpan(one, resource, source.scope));
        const expected = ProtobufTraceSerializer.serializeRequest(theirs) ?? new Uint8Array(0);
        expect(written).toEqual(readRequest(expected));
      }),
    );
  });

  it("begins anew after a request, which stays as it is", () => {
    const [first, second, third] = fc.sample(span, 3);
    if (first === undefined || second === undefined || third === undefined) throw new Error("no spans");
    const writer = new SpanWriter(source);
    writer.write([first, second].map(endedOf));
    const request = writer.takeRequest();
    const before = readRequest(request);
    writer.write([third].map(endedOf));
    const next = writer.takeRequest();
    expect(readRequest(request)).toEqual(before);
    expect(readRequest(next).spans.map(({ spanId }) => spanId)).toEqual([third.spanId]);
  });
});
