// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import { maxLabelledSeries } from "../limits.js";
import { CallSeries, durationShape } from "./call-series.js";
import { ExponentialHistogram, type HistogramShape } from "./exponential-histogram.js";
import { otherLabelSet } from "./label-sets.js";

/** Status codes of gRPC, 0 to 16. */
export const statusCount = 17;

/** Retries of a call: few, and whole numbers. */
const retryShape: HistogramShape = { scale: 1, minExponent: -1, maxExponent: 8 };

/** What is counted of a service as a whole. */
export class ServiceMetrics {
  /** Full name. */
  readonly name: string;
  readonly #methods = new Map<string, MethodMetrics>();
  /** Seconds that calls waited for an instance, of those that had to. */
  readonly queueWait = new ExponentialHistogram(durationShape);
  #room: SeriesRoom;
  /** Series of its methods that have taken room. */
  #labelled = 0;

  constructor(name: string, room: SeriesRoom) {
    this.name = name;
    this.#room = room;
  }

  /** Takes room for a series with labels of instances. False: there is none. */
  takeRoom(): boolean {
    if (this.#room.taken >= maxLabelledSeries) return false;
    this.#room.taken++;
    this.#labelled++;
    return true;
  }

  /** Gives its room to others; what calls under way may still count takes none of it. */
  leave(): void {
    this.#room.taken -= this.#labelled;
    this.#room = { taken: 0 };
  }

  /** In the order in which they came. */
  get methods(): Iterable<MethodMetrics> {
    return this.#methods.values();
  }

  /** The method of this name, "GetUser"; one that comes again goes on with what it has counted. */
  method(name: string): MethodMetrics {
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    const method = new MethodMetrics(this, `${this.name}/${name}`);
    this.#methods.set(name, method);
    return method;
  }
}

/** How many series with labels of instances there are, in a whole router. */
export interface SeriesRoom {
  taken: number;
}

/** What is counted of the calls of one method. Its series come into being with their first sample. */
export class MethodMetrics {
  readonly service: ServiceMetrics;
  /** As in gRFC A66: `acme.user.v1.UserService/GetUser`. */
  readonly name: string;
  started = 0;
  attemptsStarted = 0;
  /** Retries of calls that had some. */
  readonly retries = new ExponentialHistogram(retryShape);
  /** By status. */
  readonly calls: (CallSeries | undefined)[] = new Array<CallSeries | undefined>(statusCount).fill(undefined);
  /** By set of labels, then status. */
  readonly attempts: (CallSeries | undefined)[] = new Array<CallSeries | undefined>(statusCount).fill(undefined);
  /** Calls by set of labels of the instance that had it last, then status. */
  readonly counts: number[] = new Array<number>(statusCount).fill(0);

  constructor(service: ServiceMetrics, name: string) {
    this.service = service;
    this.name = name;
  }

  countCall(code: number, labelSet: number, attempt: number): void {
    const at = labelSet * statusCount + known(code);
    // Without holes: an array with holes is searched through its prototypes.
    while (this.counts.length <= at) this.counts.push(0);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    if (attempt > 0) this.retries.record(attempt);
  }

  seriesOfCalls(code: number): CallSeries {
    const at = known(code);
    let series = this.calls[at];
    if (series === undefined) {
      series = new CallSeries();
      this.calls[at] = series;
    }
    return series;
  }

  seriesOfAttempts(code: number, labelSet: number): CallSeries {
    const at = labelSet * statusCount + known(code);
    return this.attempts[at] ?? this.#open(at, code, labelSet);
  }

  #open(at: number, code: number, labelSet: number): CallSeries {
    if (labelSet > otherLabelSet && !this.service.takeRoom()) return this.seriesOfAttempts(code, otherLabelSet);
    while (this.attempts.length <= at) this.attempts.push(undefined);
    const series = new CallSeries();
    this.attempts[at] = series;
    return series;
  }
}

/** Instances may send any number; what is no status counts as UNKNOWN. */
function known(code: number): number {
  return code >= 0 && code < statusCount ? code : StatusCode.unknown;
}
