// SPDX-License-Identifier: Apache-2.0
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type BytesValue, BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { type CallStart, MAX_PAYLOAD_BYTES, PAYLOAD_OVERHEAD, StatusCode } from "@grpc-router/protocol";
import { joinBytes } from "../raw-http2/raw-frame.js";
import type { ForeignChannel } from "./foreign-channel.js";
import { compress, inflate, isCompressed } from "./sim-content.js";
import { localNameOf, type SimMethod } from "./sim-service.js";
import { SimStatus } from "./sim-status.js";

type OneReply = (request: unknown, context: object) => Promise<BytesValue>;
type ManyReplies = (request: unknown, context: object) => AsyncIterable<BytesValue>;

/** A slice waits for credit for as much, or for the rest of its message. */
const minSliceBytes = 4_096;
const maxInflatedBytes = 8_388_608;
const pollMs = 5;

/** A call on a foreign instance, by the bridge's table in docs/channel.md section 4. */
export class ForeignCall {
  state: "received" | "begun" | "aborting" | "ended" = "received";
  readonly id: number;
  readonly #channel: ForeignChannel;
  readonly #start: CallStart;
  readonly #method: SimMethod;
  readonly #controller = new AbortController();
  /** Whole requests that user code has not read, with what they cost. */
  readonly #requests: { readonly message: BytesValue; readonly cost: number }[] = [];
  #slices: Uint8Array[] = [];
  #slicesCost = 0;
  #requestCount = 0;
  #isHalfClosed = false;
  #credit: number;
  #hasHeader = false;
  #replyCount = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(channel: ForeignChannel, id: number, start: CallStart, method: SimMethod) {
    this.#channel = channel;
    this.id = id;
    this.#start = start;
    this.#method = method;
    this.#credit = channel.replyCredit;
  }

  /** It has been read; code that reads a stream begins now. */
  open(): void {
    if (this.#method.clientStreams) this.#begin();
  }

  /** A payload: a member, or the next slice. */
  receive(data: Uint8Array, remaining: number, isGzip: boolean): void {
    if (this.state === "ended" || this.state === "aborting") return;
    if (this.#requestCount > 0 && !this.#method.clientStreams) {
      this.#end(StatusCode.unimplemented);
      return;
    }
    this.#slices.push(data);
    this.#slicesCost += data.length + PAYLOAD_OVERHEAD;
    if (remaining > 0) {
      // A message that is longer than the window must go on; what has been put together ahead of the reader counts as taken.
      if (this.#requests.length === 0) this.#giveBack();
      return;
    }
    const bytes = joinBytes(...this.#slices);
    const cost = this.#slicesCost;
    this.#slices = [];
    this.#slicesCost = 0;
    try {
      const plain = isGzip ? inflate(bytes, maxInflatedBytes) : bytes;
      this.#requests.push({ message: fromBinary(BytesValueSchema, plain ?? bytes), cost });
    } catch {
      this.#end(StatusCode.internal);
      return;
    }
    this.#requestCount++;
    this.#wake();
  }

  halfClose(): void {
    this.#isHalfClosed = true;
    this.#wake();
    if (this.state !== "received") return;
    if (this.#requestCount === 1) this.#begin();
    else this.#end(StatusCode.unimplemented);
  }

  credit(units: number): void {
    this.#credit += units;
    this.#wake();
  }

  /** The caller has gone, or the deadline has passed. */
  cancel(code: number): void {
    if (this.state === "received") this.#end(code, true);
    else if (this.state === "begun") this.abort();
  }

  /** User code is told to stop. */
  abort(): void {
    if (this.state === "received") this.state = "ended";
    if (this.state === "begun") this.state = "aborting";
    this.#controller.abort(new Error("aborted"));
    this.#wake();
  }

  #begin(): void {
    this.state = "begun";
    this.#channel.accept(this.id);
    void this.#run();
  }

  async #run(): Promise<void> {
    const { process, code } = this.#channel;
    const { clientStreams, serverStreams } = this.#method;
    // The methods are those of the service, and each is of its kind.
    const method = code[localNameOf(this.#method) as keyof typeof code] as unknown;
    const metadata = this.#start.metadata.map(({ name, value }): [string, string] => [name, decoder.decode(value)]);
    const context = {
      requestHeader: new Headers(metadata),
      responseHeader: new Headers(),
      responseTrailer: new Headers(),
      signal: this.#controller.signal,
    };
    const request = clientStreams ? this.#stream() : this.#take();
    process.work++;
    try {
      if (serverStreams) {
        for await (const reply of (method as ManyReplies)(request, context)) await this.#write(reply, context);
      } else await this.#write(await (method as OneReply)(request, context), context);
      this.#end(this.state === "aborting" ? StatusCode.cancelled : StatusCode.ok, false, context.responseTrailer);
    } catch (error) {
      if (this.state !== "aborting" && error instanceof SimStatus) this.#end(error.code, false, error.metadata);
      else this.#end(this.state === "aborting" ? StatusCode.cancelled : StatusCode.unknown);
    } finally {
      process.work--;
    }
  }

  async *#stream(): AsyncGenerator<BytesValue> {
    for (;;) {
      const request = this.#take();
      if (request !== undefined) yield request;
      else if (this.#isHalfClosed) return;
      else await this.#waitFor(() => this.#requests.length > 0 || this.#isHalfClosed);
    }
  }

  #take(): BytesValue | undefined {
    const next = this.#requests.shift();
    if (next === undefined) return undefined;
    if (this.#method.clientStreams) this.#grant(next.cost);
    if (this.#requests.length === 0) this.#giveBack();
    return next.message;
  }

  #giveBack(): void {
    this.#grant(this.#slicesCost);
    this.#slicesCost = 0;
  }

  #grant(units: number): void {
    const mayGrant = units > 0 && !this.#isHalfClosed && (this.state === "received" || this.state === "begun");
    if (mayGrant) this.#channel.send({ callId: BigInt(this.id), credit: units });
  }

  async #write(reply: BytesValue, { responseHeader }: { readonly responseHeader: Headers }): Promise<void> {
    const acceptsGzip = this.#start.acceptEncoding.includes("gzip");
    const isGzip = acceptsGzip && isCompressed(this.#replyCount++);
    const plain = toBinary(BytesValueSchema, reply);
    const bytes = isGzip ? compress(plain, this.id % 2 === 0 ? "small" : "stored") : plain;
    const header = this.#hasHeader
      ? {}
      : { header: { metadata: entriesOf(responseHeader), encoding: acceptsGzip ? "gzip" : "" } };
    this.#hasHeader = true;
    const callId = BigInt(this.id);
    const { number, isTyped } = this.#method;
    if (
      this.#channel.isTyped &&
      isTyped &&
      !isGzip &&
      this.#start.subtype === "" &&
      bytes.length <= MAX_PAYLOAD_BYTES
    ) {
      await this.#spend(bytes.length, bytes.length);
      this.#channel.send({ callId, ...header }, { member: [number, bytes] });
      return;
    }
    for (let at = 0; at === 0 || at < bytes.length; ) {
      const rest = bytes.length - at;
      const size = await this.#spend(Math.min(rest, minSliceBytes), Math.min(rest, MAX_PAYLOAD_BYTES));
      const data = bytes.slice(at, at + size);
      const fragment = { data, remaining: rest - size, compressed: isGzip };
      this.#channel.send(at === 0 ? { callId, ...header } : { callId }, { fragment });
      at += Math.max(size, 1);
    }
  }

  /** Waits for credit for `least` bytes and takes it for up to `most`. */
  async #spend(least: number, most: number): Promise<number> {
    for (;;) {
      await this.#waitFor(() => this.#credit >= least + PAYLOAD_OVERHEAD);
      if (!this.#channel.isBlocked) break;
      await this.#channel.process.sleep(pollMs);
    }
    const size = Math.min(most, this.#credit - PAYLOAD_OVERHEAD);
    this.#credit -= size + PAYLOAD_OVERHEAD;
    return size;
  }

  /** What somebody waits for may have come. */
  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #waitFor(condition: () => boolean): Promise<void> {
    while (this.state === "begun" && !condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
    if (this.state !== "begun") throw new Error("aborted");
  }

  #end(code: number, notRun = false, trailers = new Headers()): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.#channel.send({ callId: BigInt(this.id), end: { code, notRun, trailers: entriesOf(trailers) } });
    this.#channel.forget(this);
    this.#wake();
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function entriesOf(headers: Headers): { readonly name: string; readonly value: Uint8Array }[] {
  return [...headers].map(([name, value]) => ({ name, value: encoder.encode(value) }));
}
