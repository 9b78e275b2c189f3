// SPDX-License-Identifier: Apache-2.0

import { type EndedSpan, type SpanSource, SpanWriter } from "./span-writer.js";

/**
 * How spans are collected; names as OpenTelemetry's batch span processor has them. Its defaults are 512 and 2,048: what a
 * request costs beside its bytes is as much as 500 spans, and a router may have 5,000 of them a second.
 */
export interface SpanBatchLimits {
  /** Milliseconds that a span waits for others at most (`OTEL_BSP_SCHEDULE_DELAY`). Default 5,000. */
  readonly scheduleDelayMs?: number | undefined;
  /** Spans that wait at most, what comes above is dropped (`OTEL_BSP_MAX_QUEUE_SIZE`). Default 8,192. */
  readonly maxQueueSize?: number | undefined;
  /** Spans of one request at most (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`). Default 2,048. */
  readonly maxExportBatchSize?: number | undefined;
}

/** Parts of `SpanBatches`. */
export interface SpanBatchesOptions extends SpanBatchLimits {
  readonly source: SpanSource;
  /** Sends an ExportTraceServiceRequest; the next one comes when this has settled. */
  send(request: Uint8Array): Promise<void>;
  /** Hears of what could not be sent. */
  report(error: unknown): void;
}

interface Batch {
  readonly request: Uint8Array;
  readonly count: number;
}

/** Spans that are written together: enough for the code to be in the processor's caches, few enough for nobody to wait. */
const portion = 128;

/** Collects spans and sends them in batches, one after the other; nobody waits for it. */
export class SpanBatches {
  readonly #options: SpanBatchesOptions;
  readonly #writer: SpanWriter;
  readonly #maxQueueSize: number;
  readonly #batchSize: number;
  /** Those that are not written yet. */
  #spans: EndedSpan[] = [];
  readonly #batches: Batch[] = [];
  /** Spans that are not sent, the batch that is being sent included. */
  #waiting = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: SpanBatchesOptions) {
    this.#options = options;
    this.#writer = new SpanWriter(options.source);
    this.#maxQueueSize = options.maxQueueSize ?? 8_192;
    this.#batchSize = Math.min(options.maxExportBatchSize ?? 2_048, this.#maxQueueSize);
  }

  add(span: EndedSpan): void {
    if (this.#waiting >= this.#maxQueueSize) {
      this.#dropped++;
      return;
    }
    this.#waiting++;
    const count = this.#spans.push(span);
    if (this.#writer.count + count >= this.#batchSize) {
      this.#close();
      return;
    }
    if (count >= portion) this.#write();
    this.#timer ??= setTimeout(() => this.#close(), this.#options.scheduleDelayMs ?? 5_000).unref();
  }

  /** Sends what there is now, and settles when that is done, well or not. */
  async flush(): Promise<void> {
    this.#close();
    await this.#sending;
  }

  #write(): void {
    const spans = this.#spans;
    this.#spans = [];
    this.#writer.write(spans);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#write();
    const { count } = this.#writer;
    if (count === 0) return;
    this.#batches.push({ request: this.#writer.takeRequest(), count });
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    const { send, report } = this.#options;
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      try {
        await send(batch.request);
      } catch (error) {
        report(error);
      }
      this.#waiting -= batch.count;
      this.#tellDropped();
    }
    this.#sending = undefined;
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    this.#options.report(new Error(`the collector is slower than they come: dropped ${count}`));
  }
}
