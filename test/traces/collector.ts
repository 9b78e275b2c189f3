// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { type Running, startProcess } from "../harness/processes.ts";
import { requireTool } from "../harness/tools.ts";

/** A span as a collector has it. */
export interface ReceivedSpan {
  readonly name: string;
  /** `SERVER`, `CLIENT`, `INTERNAL`. */
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `OK`, `ERROR`, `UNSET`. */
  readonly status: string;
  /** Nanoseconds since 1970. */
  readonly startNanos: bigint;
  readonly endNanos: bigint;
}

/** A collector as a process of its own. */
export interface Collector extends Running {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** What the last export said of its sender. */
  readonly resource: Readonly<Record<string, unknown>>;
  /** Where exports came, and with which type. */
  readonly requests: ReadonlySet<string>;
}

type Json = { readonly [name: string]: unknown };

/** Starts `collector.py`. */
export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const requests = new Set<string>();
  let resource: Readonly<Record<string, unknown>> = {};
  const running = await startProcess(requireTool("grpc-python"), {
    args: [fileURLToPath(new URL("./collector.py", import.meta.url))],
    ready: /^ready \d+$/,
    onLine(line) {
      if (!line.startsWith("{")) return;
      const received = JSON.parse(line) as Json;
      requests.add(`${received.path} ${received.type}`);
      for (const from of listOf(received.resourceSpans)) {
        resource = attributesOf((from.resource as Json).attributes);
        for (const scope of listOf(from.scopeSpans)) spans.push(...listOf(scope.spans).map(spanOf));
      }
    },
  });
  return {
    ...running,
    url: `http://127.0.0.1:${running.line.slice("ready ".length)}`,
    spans,
    requests,
    get resource() {
      return resource;
    },
  };
}

function spanOf(span: Json): ReceivedSpan {
  const status = (span.status ?? {}) as Json;
  return {
    name: `${span.name}`,
    kind: `${span.kind}`.replace("SPAN_KIND_", ""),
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    parentSpanId: hexOf(span.parentSpanId),
    traceState: `${span.traceState ?? ""}`,
    attributes: attributesOf(span.attributes),
    status: `${status.code ?? "UNSET"}`.replace("STATUS_CODE_", ""),
    startNanos: BigInt(`${span.startTimeUnixNano}`),
    endNanos: BigInt(`${span.endTimeUnixNano}`),
  };
}

function attributesOf(list: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(listOf(list).map(({ key, value }) => [key, Object.values(value as Json)[0]]));
}

function listOf(list: unknown): readonly Json[] {
  return (list ?? []) as readonly Json[];
}

/** JSON of protobuf has bytes in base64. */
function hexOf(bytes: unknown): string {
  return Buffer.from(`${bytes ?? ""}`, "base64").toString("hex");
}
