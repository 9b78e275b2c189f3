// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import { maxLabelledSeries } from "../limits.js";
import { CallSeries, durationShape } from "./call-series.js";
import { ExponentialHistogram, type HistogramShape } from "./exponential-histogram.js";
import { noLabelSet, otherLabelSet } from "./label-sets.js";

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
  /** By status; without those of `#answers`, as the next two. */
  readonly #calls: (CallSeries | undefined)[] = new Array<CallSeries | undefined>(statusCount).fill(undefined);
  /** By set of labels, then status. */
  readonly #attempts: (CallSeries | undefined)[] = new Array<CallSeries | undefined>(statusCount).fill(undefined);
  /** Calls by set of labels of the instance that had it last, then status. */
  readonly #counts: number[] = new Array<number>(statusCount).fill(0);
  /** By set of labels: attempts with status OK, each of which was all of its call. Sent is what the instance got. */
  readonly #answers: (CallSeries | undefined)[] = [undefined];

  constructor(service: ServiceMetrics, name: string) {
    this.service = service;
    this.name = name;
  }

  /** Calls that have ended, by status. */
  get calls(): readonly (CallSeries | undefined)[] {
    const answers = this.#answers.filter((series) => series !== undefined);
    if (answers.length === 0) return this.#calls;
    const calls = [...this.#calls];
    const sum = copyOf(calls[StatusCode.ok]);
    for (const series of answers) sum.addMirrored(series);
    calls[StatusCode.ok] = sum;
    return calls;
  }

  /** Attempts that have ended, by set of labels, then status. */
  get attempts(): readonly (CallSeries | undefined)[] {
    const attempts = [...this.#attempts];
    for (const [labelSet, answers] of this.#answers.entries()) {
      const at = placeOf(StatusCode.ok, labelSet);
      if (answers === undefined) continue;
      const sum = copyOf(attempts[at]);
      sum.add(answers);
      attempts[at] = sum;
    }
    return attempts;
  }

  /** Calls that have ended, by set of labels of the instance that had it last, then status. */
  get counts(): readonly number[] {
    const counts = [...this.#counts];
    for (const [labelSet, answers] of this.#answers.entries()) {
      if (answers === undefined) continue;
      const at = placeOf(StatusCode.ok, labelSet);
      growTo(counts, at, 0);
      counts[at] = (counts[at] ?? 0) + answers.duration.snapshot().count;
    }
    return counts;
  }

  countCall(code: number, labelSet: number, attempt: number): void {
    const counts = this.#counts;
    const at = placeOf(code, labelSet);
    growTo(counts, at, 0);
    counts[at] = (counts[at] ?? 0) + 1;
    if (attempt > 0) this.retries.record(attempt);
  }

  seriesOfCalls(code: number): CallSeries {
    const at = placeOf(code, noLabelSet);
    let series = this.#calls[at];
    if (series === undefined) {
      series = new CallSeries();
      this.#calls[at] = series;
    }
    return series;
  }

  seriesOfAttempts(code: number, labelSet: number): CallSeries {
    const at = placeOf(code, labelSet);
    return this.#attempts[at] ?? this.#openAttempts(at, code, labelSet);
  }

  /** Where attempts are counted that end OK and with them their calls. Undefined: there is no room for these labels. */
  answersOf(labelSet: number): CallSeries | undefined {
    return this.#answers[labelSet] ?? this.#openAnswers(labelSet);
  }

  #openAttempts(at: number, code: number, labelSet: number): CallSeries {
    if (labelSet > otherLabelSet && !this.service.takeRoom()) return this.seriesOfAttempts(code, otherLabelSet);
    growTo(this.#attempts, at, undefined);
    const series = new CallSeries();
    this.#attempts[at] = series;
    return series;
  }

  #openAnswers(labelSet: number): CallSeries | undefined {
    // They are told together with those that end apart from their calls, which have the room.
    const attempts = this.seriesOfAttempts(StatusCode.ok, labelSet);
    if (attempts !== this.#attempts[placeOf(StatusCode.ok, labelSet)]) return undefined;
    growTo(this.#answers, labelSet, undefined);
    const answers = new CallSeries();
    this.#answers[labelSet] = answers;
    return answers;
  }
}

/** In a list by set of labels, then status. Instances may send any number; what is no status counts as UNKNOWN. */
function placeOf(code: number, labelSet: number): number {
  return labelSet * statusCount + (code >= 0 && code < statusCount ? code : StatusCode.unknown);
}

/** Makes `list` reach up to `at`, without holes: an array with holes is searched through its prototypes. */
function growTo<Item>(list: Item[], at: number, item: Item): void {
  while (list.length <= at) list.push(item);
}

function copyOf(series: CallSeries | undefined): CallSeries {
  const copy = new CallSeries();
  if (series !== undefined) copy.add(series);
  return copy;
}
