// SPDX-License-Identifier: Apache-2.0

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { FieldList, Timer } from "@grpc-router/http2";
import { FrameFault, MessageSplitter, StatusCode } from "@grpc-router/protocol";
import { MAX_HEALTH_BYTES, TARGET_HEALTH_EVERY_MS } from "../limits.js";
import type { Backoff } from "../register/backoff.js";
import { encodeHealthRequest, type HealthVerb, healthHead } from "./health-request.js";
import { endOf, type FieldsContext } from "./reply-fields.js";
import type { RequestHead } from "./request-head.js";
import type { Target, TargetUser } from "./target.js";
import type { OpenedStream, TargetLink } from "./target-link.js";
import type { TargetStream } from "./target-stream.js";

/** What the target says of one name. */
export type HealthAnswer =
  | "serving"
  | "notServing"
  /** It has health checks, and does not know the name. */
  | "unknown"
  /** It has no health checks, or has never answered one: it lets nobody ask, or a proxy does not pass them on. */
  | "none"
  /** It has answered before, and fails to again and again. */
  | "failing";

const SERVING = 1;
const NOT_SERVING = 2;
const NO_CONTEXT: FieldsContext = { label: "", maxMetadataBytes: Number.POSITIVE_INFINITY, dropped: () => undefined };

/**
 * Asks the target for the health of one name (grpc.health.v1): by Watch, else by Check every few seconds. After a failure
 * it asks again with backoff, which any answer ends (gRFC A17). Unlike there a target that has never answered is not held
 * to be ill: nobody has said that it has health checks.
 */
export class HealthWatch implements TargetStream, TargetUser {
  readonly #target: Target;
  readonly #request: Uint8Array;
  readonly #heads: Readonly<Record<HealthVerb, RequestHead>>;
  readonly #onAnswer: (answer: HealthAnswer) => void;
  #verb: HealthVerb = "Watch";
  #opened: OpenedStream | undefined;
  #splitter = new MessageSplitter(MAX_HEALTH_BYTES);
  #timer: Timer | undefined;
  /** It has answered on this connection. */
  #hasAnswer = false;
  /** Of failures since the last answer; undefined: there was none. */
  #backoff: Backoff | undefined;
  isWanted = false;

  constructor(target: Target, name: string, onAnswer: (answer: HealthAnswer) => void) {
    this.#target = target;
    this.#request = encodeHealthRequest(name);
    this.#heads = { Watch: healthHead(target.url, "Watch"), Check: healthHead(target.url, "Check") };
    this.#onAnswer = onAnswer;
  }

  /** A new connection: asks from the start. */
  start(): void {
    this.stop();
    this.#verb = "Watch";
    this.#hasAnswer = false;
    this.#backoff = undefined;
    this.#ask();
  }

  stop(): void {
    this.isWanted = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#close();
  }

  open(link: TargetLink): void {
    this.isWanted = false;
    this.#splitter = new MessageSplitter(MAX_HEALTH_BYTES);
    this.#opened = link.open(this, this.#heads[this.#verb]);
    link.write(this.#opened.stream, this.#request, 0, this.#request.length, true);
  }

  /** Whoever starts this learns it, too, and starts it again. */
  unreachable(): void {
    this.isWanted = false;
  }

  onHead(fields: FieldList, endStream: boolean): void {
    if (endStream) this.#ended(fields);
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.#opened === undefined) return;
    this.#opened.link.consume(this.#opened.stream, end - start);
    const fault = this.#splitter.push(bytes, start, end, this);
    if (fault !== FrameFault.none) this.#failed();
    else if (endStream) this.#ended([]);
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    const answer = readAnswer(bytes.subarray(start, end));
    if (answer === undefined) this.#failed();
    else this.#answer(answer);
  }

  onTrailers(fields: FieldList): void {
    this.#ended(fields);
  }

  onRoom(): void {}

  onTurn(): void {}

  onClosed(_code: number, by: "end" | "peer" | "local" | "connection"): void {
    if (this.#opened === undefined) return;
    this.#opened = undefined;
    if (by === "connection")
      this.#ask(); // another one may stand already
    else this.#failed();
  }

  #ask(): void {
    this.isWanted = true;
    this.#target.readmit(this);
  }

  #askLater(waitMs: number = TARGET_HEALTH_EVERY_MS): void {
    this.#timer?.cancel();
    this.#timer = this.#target.after(waitMs, () => this.#ask());
  }

  #answer(answer: HealthAnswer): void {
    this.#hasAnswer = true;
    this.#backoff = undefined;
    this.#onAnswer(answer);
  }

  #ended(fields: FieldList): void {
    const { code } = endOf(fields, NO_CONTEXT);
    this.#opened = undefined;
    if (code === StatusCode.unimplemented && this.#verb === "Watch") {
      this.#verb = "Check";
      this.#ask();
    } else if (code === StatusCode.unimplemented) this.#onAnswer("none");
    else if (code === StatusCode.notFound) {
      this.#answer("unknown");
      this.#askLater();
    } else if (code === StatusCode.ok) this.#askLater();
    else this.#failed();
  }

  /** No answer: what it said last stands for one attempt more, and a target that has not said anything is not judged. */
  #failed(): void {
    this.#close();
    if (!this.#hasAnswer) this.#onAnswer("none");
    else if (this.#backoff !== undefined) this.#onAnswer("failing");
    this.#backoff ??= this.#target.createBackoff();
    this.#askLater(this.#backoff.next());
  }

  #close(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.link.reset(opened.stream, CANCEL);
  }
}

/** RST_STREAM CANCEL (RFC 9113 section 7). */
const CANCEL = 0x8;

/** The status of a grpc.health.v1.HealthCheckResponse; undefined for bytes that are none. */
function readAnswer(bytes: Uint8Array): HealthAnswer | undefined {
  let status = 0;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      if (number === 1 && wireType === WireType.Varint) status = reader.int32();
      else reader.skip(wireType, number);
    }
  } catch {
    return undefined;
  }
  if (status === SERVING) return "serving";
  return status === NOT_SERVING ? "notServing" : "unknown";
}
