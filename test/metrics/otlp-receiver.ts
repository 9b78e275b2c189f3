// SPDX-License-Identifier: Apache-2.0
// A collector of OTLP metrics over HTTP, with a decoder of its own: opentelemetry/proto/metrics/v1/metrics.proto by its field numbers.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { BinaryReader, type WireType } from "@bufbuild/protobuf/wire";

/** One series that was received. */
export interface OtlpPoint {
  readonly attributes: Readonly<Record<string, string>>;
  readonly startNanos: bigint;
  readonly timeNanos: bigint;
  /** Of sums and gauges. */
  readonly value?: number;
  /** Of exponential histograms. */
  readonly histogram?: OtlpHistogram;
}

export interface OtlpHistogram {
  readonly count: number;
  readonly sum: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly offset: number;
  readonly buckets: readonly number[];
}

export interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram" | "exponential histogram" | "none";
  /** 2: cumulative. */
  readonly temporality: number;
  readonly monotonic: boolean;
  readonly points: readonly OtlpPoint[];
}

/** One export. */
export interface OtlpExport {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: string;
  readonly metrics: readonly OtlpMetric[];
}

/** Starts one; `status` is what it answers. */
export async function startOtlpReceiver(status: () => number = () => 200) {
  const exports: OtlpExport[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const bytes = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      exports.push({ path: request.url ?? "", headers: request.headers, ...decodeRequest(bytes) });
      response.writeHead(status(), { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    close(): Promise<void> {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

type Fields = Readonly<Record<number, (reader: BinaryReader) => void>>;

/** Reads a message field by field; what is not in `fields` is passed over. */
function readFields(bytes: Uint8Array, fields: Fields): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type]: [number, WireType] = reader.tag();
    const read = fields[number];
    if (read === undefined) reader.skip(type, number);
    else read(reader);
  }
}

function decodeRequest(bytes: Uint8Array): Pick<OtlpExport, "resource" | "scope" | "metrics"> {
  const resource: Record<string, string> = {};
  const metrics: OtlpMetric[] = [];
  let scope = "";
  const scopeMetrics: Fields = {
    1: (reader) => readFields(reader.bytes(), { 1: (inner) => (scope = inner.string()) }),
    2: (reader) => metrics.push(decodeMetric(reader.bytes())),
  };
  readFields(bytes, {
    1: (reader) =>
      readFields(reader.bytes(), {
        1: (inner) => readFields(inner.bytes(), { 1: (item) => readAttribute(item, resource) }),
        2: (inner) => readFields(inner.bytes(), scopeMetrics),
      }),
  });
  return { resource, scope, metrics };
}

function readAttribute(reader: BinaryReader, into: Record<string, string>): void {
  let key = "";
  let value = "";
  readFields(reader.bytes(), {
    1: (inner) => (key = inner.string()),
    2: (inner) => readFields(inner.bytes(), { 1: (item) => (value = item.string()) }),
  });
  into[key] = value;
}

const kinds = { 5: "gauge", 7: "sum", 9: "histogram", 10: "exponential histogram" } as const;

function decodeMetric(bytes: Uint8Array): OtlpMetric {
  const metric = { name: "", unit: "", kind: "none" as OtlpMetric["kind"], temporality: 0, monotonic: false };
  const points: OtlpPoint[] = [];
  const data = (number: keyof typeof kinds) => (reader: BinaryReader) => {
    metric.kind = kinds[number];
    readFields(reader.bytes(), {
      1: (inner) => points.push(number === 10 ? decodeHistogram(inner.bytes()) : decodeNumber(inner.bytes())),
      2: (inner) => (metric.temporality = inner.int32()),
      3: (inner) => (metric.monotonic = inner.bool()),
    });
  };
  readFields(bytes, {
    1: (reader) => (metric.name = reader.string()),
    3: (reader) => (metric.unit = reader.string()),
    5: data(5),
    7: data(7),
    9: data(9),
    10: data(10),
  });
  return { ...metric, points };
}

function decodeNumber(bytes: Uint8Array): OtlpPoint {
  const point = { attributes: {}, startNanos: 0n, timeNanos: 0n, value: Number.NaN };
  readFields(bytes, {
    2: (reader) => (point.startNanos = BigInt(reader.fixed64())),
    3: (reader) => (point.timeNanos = BigInt(reader.fixed64())),
    4: (reader) => (point.value = reader.double()),
    6: (reader) => (point.value = Number(reader.sfixed64())),
    7: (reader) => readAttribute(reader, point.attributes),
  });
  return point;
}

function decodeHistogram(bytes: Uint8Array): OtlpPoint {
  const point = { attributes: {}, startNanos: 0n, timeNanos: 0n };
  const histogram = { count: 0, sum: 0, scale: 0, zeroCount: 0, offset: 0, buckets: [] as number[] };
  readFields(bytes, {
    1: (reader) => readAttribute(reader, point.attributes),
    2: (reader) => (point.startNanos = BigInt(reader.fixed64())),
    3: (reader) => (point.timeNanos = BigInt(reader.fixed64())),
    4: (reader) => (histogram.count = Number(reader.fixed64())),
    5: (reader) => (histogram.sum = reader.double()),
    6: (reader) => (histogram.scale = reader.sint32()),
    7: (reader) => (histogram.zeroCount = Number(reader.fixed64())),
    8: (reader) =>
      readFields(reader.bytes(), {
        1: (inner) => (histogram.offset = inner.sint32()),
        2: (inner) => {
          const end = inner.uint32() + inner.pos;
          while (inner.pos < end) histogram.buckets.push(Number(inner.uint64()));
        },
      }),
  });
  return { ...point, histogram };
}
