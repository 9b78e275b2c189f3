// SPDX-License-Identifier: Apache-2.0
import { EngineCounters } from "../engine-counters.js";
import { clientHello, headers, join, requestBlock, settings, settingsAck, showFrames } from "../frame/frames.suite.js";
import { createFieldListReader, type FieldList } from "../hpack/field-list-reader.js";
import { createHeaderTemplate } from "../hpack/header-template.js";
import { writeLiteralField } from "../hpack/literal-field.js";
import type {
  CloseReason,
  Connection,
  ConnectionHandler,
  ConnectionHost,
  ConnectionOptions,
  Stream,
} from "./connection.js";
import { createConnection } from "./create-connection.js";

/** What a test keeps of a stream. */
export interface Kept {
  received: number;
}

/** Writes every callback down as a line; streams are kept by id for the test's own verbs. */
export class Recorder implements ConnectionHandler<FieldList, Kept> {
  lines: string[] = [];
  turns = 0;
  readonly streams = new Map<number, Stream<Kept>>();
  /** Payload by stream, DATA frames joined. */
  readonly bodies = new Map<number, number[]>();
  closeReason: CloseReason | undefined;
  /** What a test wants done within a callback. */
  react: Partial<ConnectionHandler<FieldList, Kept>> = {};

  onHead(stream: Stream<Kept>, head: FieldList, endStream: boolean): void {
    this.#note(`head ${stream.id} ${showFields(head)}${endStream ? " end" : ""}`);
    this.streams.set(stream.id, stream);
    this.react.onHead?.(stream, head, endStream);
  }

  onData(stream: Stream<Kept>, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#note(`data ${stream.id} ${end - start}${endStream ? " end" : ""}`);
    const body = this.bodies.get(stream.id) ?? [];
    for (let at = start; at < end; at++) body.push(bytes[at] ?? -1);
    this.bodies.set(stream.id, body);
    this.react.onData?.(stream, bytes, start, end, endStream);
  }

  onTrailers(stream: Stream<Kept>, head: FieldList): void {
    this.#note(`trailers ${stream.id} ${showFields(head)}`);
    this.react.onTrailers?.(stream, head);
  }

  onSent(stream: Stream<Kept>, count: number): void {
    this.#note(`sent ${stream.id} ${count}`);
    this.react.onSent?.(stream, count);
  }

  onRoom(stream: Stream<Kept>): void {
    this.#note(`room ${stream.id}`);
    this.react.onRoom?.(stream);
  }

  onClosed(stream: Stream<Kept>, code: number, by: "end" | "peer" | "local" | "connection"): void {
    this.#note(`closed ${stream.id} ${code} ${by}`);
    this.streams.delete(stream.id);
    this.react.onClosed?.(stream, code, by);
  }

  onTurn(): void {
    this.#check();
    this.turns++;
    this.react.onTurn?.();
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    this.#note(`goaway ${lastStreamId} ${code} ${debug}`);
    this.react.onGoaway?.(lastStreamId, code, debug);
  }

  onConnectionClosed(reason: CloseReason): void {
    this.#note(`connection closed ${reason.code} ${reason.by}`);
    this.closeReason = reason;
    this.react.onConnectionClosed?.(reason);
  }

  /** The lines since the last call. */
  take(): string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  stream(id: number): Stream<Kept> {
    const stream = this.streams.get(id);
    if (stream === undefined) throw new Error(`Cannot find stream ${id} among ${[...this.streams.keys()].join(", ")}`);
    return stream;
  }

  #note(line: string): void {
    this.#check();
    this.lines.push(line);
  }

  #check(): void {
    if (this.closeReason !== undefined) throw new Error("A callback came after onConnectionClosed");
  }
}

/** A connection whose output a test takes by hand. */
export class Bench implements ConnectionHost {
  readonly handler = new Recorder();
  readonly counters: EngineCounters;
  readonly connection: Connection<Kept>;
  scheduled = 0;
  /** Input is left. */
  paused = false;
  resuming = false;
  /** Whether `receive` gives the connection all the turns that it asks for. */
  givesTurns = true;
  /** "no": open. */
  hostClosed: "no" | "end" | "abort" = "no";
  nowMs = 0;
  /** Called in place of a flush. */
  onFlush: () => void = () => {};

  constructor(role: "server" | "client", options: Partial<ConnectionOptions<FieldList, Kept>> = {}) {
    this.counters = options.counters ?? new EngineCounters();
    this.connection = createConnection({
      role,
      reader: createFieldListReader(),
      handler: this.handler,
      host: this,
      nowMs: 0,
      ...options,
      counters: this.counters,
    });
  }

  schedule(): void {
    this.scheduled++;
  }

  flush(): void {
    this.onFlush();
  }

  pause(): void {
    this.paused = true;
  }

  resumeLater(): void {
    this.resuming = true;
  }

  close(abort: boolean): void {
    this.hostClosed = abort ? "abort" : "end";
  }

  /** All output so far. */
  output(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let bytes = this.connection.takeOutput(); bytes !== undefined; bytes = this.connection.takeOutput()) {
      parts.push(bytes.slice(0, this.connection.outputLength));
      this.connection.releaseOutput(bytes);
    }
    return join(...parts);
  }

  receive(...parts: readonly Uint8Array[]): void {
    const bytes = join(...parts);
    this.connection.receive(bytes, 0, bytes.length, this.nowMs);
    while (this.givesTurns && this.resuming) this.takeTurn();
  }

  /** The turn that the connection has asked for. */
  takeTurn(): void {
    this.resuming = false;
    if (this.connection.resume(this.nowMs)) this.paused = false;
  }

  /** The frames of all output so far, one line each. */
  frames(): string[] {
    return showFrames(this.output());
  }

  /** Opens a stream with the usual request. */
  request(endStream = true): Stream<Kept> {
    return this.connection.open(requestTemplate, noLiterals, 0, 0, endStream);
  }

  /** Answers a stream with a head. */
  respond(id: number, endStream = false): void {
    this.connection.writeHead(this.handler.stream(id), responseTemplate, noLiterals, 0, 0, endStream);
  }

  /** Answers a stream with trailers. */
  trail(id: number): void {
    this.connection.writeHead(this.handler.stream(id), trailersTemplate, noLiterals, 0, 0, true);
  }

  /** Writes `length` octets that tell their place, from `from` on. */
  write(id: number, length: number, endStream = false, from = 0): number {
    return this.connection.write(this.handler.stream(id), counting(from, length), 0, length, endStream);
  }
}

/** Octets that tell their place. */
export function counting(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (from + index) % 251);
}

/** A server that has had the client's preface and SETTINGS and their acknowledgement, with its own output taken. */
export function runningServer(options: Partial<ConnectionOptions<FieldList, Kept>> = {}): Bench {
  const bench = new Bench("server", options);
  bench.receive(clientHello, settingsAck);
  bench.output();
  return bench;
}

/** A server with open requests 1, 3, …, answered with a head, and nothing in its output. */
export function answering(streams: number, window = 65_535): Bench {
  const bench = new Bench("server");
  bench.receive(clientHello, settings([4, window]), settingsAck);
  for (let n = 0; n < streams; n++) {
    bench.receive(headers(2 * n + 1, requestBlock));
    bench.respond(2 * n + 1);
  }
  bench.output();
  bench.handler.take();
  return bench;
}

/** A client whose server has said its SETTINGS, with its own output taken. */
export function runningClient(options: Partial<ConnectionOptions<FieldList, Kept>> = {}): Bench {
  const bench = new Bench("client", options);
  bench.receive(settings(), settingsAck);
  bench.output();
  return bench;
}

export const requestTemplate = createHeaderTemplate([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/test.Echo/Unary"],
  [":authority", "test"],
]);
export const responseTemplate = createHeaderTemplate([[":status", "200"]]);
export const trailersTemplate = createHeaderTemplate([["grpc-status", "0"]]);
export const noLiterals: Uint8Array = new Uint8Array(0);

/** Fields as literals, for the verbs that take them. */
export function literals(...fields: readonly (readonly [string, string])[]): Uint8Array {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(65_536);
  let at = 0;
  for (const [name, value] of fields) at = writeLiteralField(bytes, at, encoder.encode(name), encoder.encode(value));
  return bytes.slice(0, at);
}

/** Moves the output of each side to the other until both are silent. */
export function exchange(left: Bench, right: Bench): void {
  for (let quiet = 0; quiet < 2; ) {
    const toRight = left.output();
    if (toRight.length > 0) right.receive(toRight);
    const toLeft = right.output();
    if (toLeft.length > 0) left.receive(toLeft);
    quiet = toRight.length + toLeft.length === 0 ? quiet + 1 : 0;
  }
}

function showFields(fields: FieldList): string {
  return fields.map(([name, value]) => `${name}=${value}`).join(",");
}
