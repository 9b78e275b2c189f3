// SPDX-License-Identifier: Apache-2.0

/** Ids that are drawn at once, and written as digits: one after the other would cost ten times as much. */
const poolIds = 512;
const traceIdBytes = 16;
const spanIdBytes = 8;
/** Where the ids of a `traceparent` are. */
const traceIdAt = 3;
const traceIdEnd = traceIdAt + 2 * traceIdBytes;
const spanIdAt = traceIdEnd + 1;
const spanIdEnd = spanIdAt + 2 * spanIdBytes;

/** A new trace, and the first span of it that others are told of. */
export interface NewTrace {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all 0. */
  readonly spanId: string;
  /** Both, sampled, as `writeTraceparent` has them. */
  readonly traceparent: string;
}

/** Draws ids of traces and spans. */
export class RandomIds {
  readonly #traces: TextPool;
  readonly #spans: TextPool;

  /** `fill`: puts random octets everywhere, such as `randomFillSync` of `node:crypto`. */
  constructor(fill: (bytes: Uint8Array) => void) {
    const traceparents = (digits: string) => digits.replace(/(.{32})(.{16})/g, "00-$1-$2-01");
    this.#traces = new TextPool(fill, traceIdBytes + spanIdBytes, traceparents);
    this.#spans = new TextPool(fill, spanIdBytes, (digits) => digits);
  }

  newTrace(): NewTrace {
    const traceparent = this.#traces.draw();
    return {
      traceId: traceparent.slice(traceIdAt, traceIdEnd),
      spanId: traceparent.slice(spanIdAt, spanIdEnd),
      traceparent,
    };
  }

  /** 16 hexadecimal digits, not all 0. */
  spanId(): string {
    return this.#spans.draw();
  }
}

/**
 * Texts of one length, made of random octets. Each is a text of its own: of one that is a piece of a longer text, a
 * character takes twice as long.
 */
class TextPool {
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #bytes: Buffer;
  readonly #form: (digits: string) => string;
  #texts = Buffer.alloc(0);
  #at = 0;

  /** `form` makes texts of equal length of the digits, `size` octets each. */
  constructor(fill: (bytes: Uint8Array) => void, size: number, form: (digits: string) => string) {
    this.#fill = fill;
    this.#bytes = Buffer.alloc(size * poolIds);
    this.#form = form;
  }

  draw(): string {
    if (this.#at === this.#texts.length) this.#refill();
    const from = this.#at;
    this.#at += this.#texts.length / poolIds;
    return this.#texts.toString("latin1", from, this.#at);
  }

  #refill(): void {
    this.#fill(this.#bytes);
    // An id that is all 0 means that there is none.
    const digits = this.#bytes.toString("hex").replaceAll("0".repeat(2 * spanIdBytes), `01${"0".repeat(14)}`);
    this.#texts = Buffer.from(this.#form(digits), "latin1");
    this.#at = 0;
  }
}
