// SPDX-License-Identifier: Apache-2.0
// An instance of bench.v1.EchoService without a bridge, so that it does what no bridge would: never accept a call, or send
// no marks and no credit.
import { once } from "node:events";
import { connect } from "node:net";
import {
  attachTransport,
  type Connection,
  type ConnectionHandler,
  createFieldListReader,
  createFlusher,
  createHeaderTemplate,
  type FieldList,
  type Stream,
} from "@grpc-router/http2";
import { createNodeScheduler, createSocketTransport } from "@grpc-router/node";
import {
  CallHeadView,
  encodeInstanceControl,
  FrameView,
  INITIAL_CREDIT,
  MARK_DELAY_MS,
  MAX_HELLO_BYTES,
  type MessageSink,
  MessageSplitter,
  Method_Kind,
  PAYLOAD_OVERHEAD,
  ReplyHeadFields,
  readCallHead,
  readFrame,
  readStart,
  StartView,
  sizeofFramePrefix,
  sizeofReplyHead,
  writeReplyFrame,
} from "@grpc-router/protocol";
import { monotonicMs } from "../monotonic.ts";

/** What a raw instance says about the calls that it gets. */
export interface RawHabits {
  /** False: holds every call and says nothing. */
  readonly answers: boolean;
  /**
   * Accepted marks: none; in the reply's frame, or in one of their own if no reply has taken them along for 100 ms, as our bridge
   * does; one frame a turn for all calls of it, before the replies; one each call.
   */
  readonly marks: "none" | "soon" | "each turn" | "each call";
  /** Milliseconds that the handler of a call takes. Default 0: a turn. */
  readonly answersAfterMs?: number;
  /** Credit: none; what is half a window, as our bridge gives it; for every payload. */
  readonly credit: "none" | "half window" | "each payload";
}

/** A raw instance that is registered. */
export interface RawInstance {
  habits: RawHabits;
  /** Starts of calls so far: when they were read, and attempts before that. */
  readonly starts: { readonly ms: number; readonly attempt: number }[];
  /** Ends the connection with FIN, as the end of a process does. */
  finish(): void;
  /** Ends it with RST. */
  reset(): void;
}

/** How a raw instance registers. */
export interface RawInstanceOptions {
  readonly port: number;
  readonly id: string;
  readonly habits: RawHabits;
  /** Calls at once. Default: not stated. */
  readonly capacity?: number | undefined;
}

const echoNumber = 219_876;
const template = createHeaderTemplate([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/grpcrouter.channel.bench.v1.EchoServiceChannel/Register"],
  [":authority", "127.0.0.1"],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
]);
const nothing = new Uint8Array(0);
/** The longest payload that one frame of an answer carries. */
const maxEchoBytes = 16_384;

/** Connects, registers, and resolves with the Welcome. */
export async function startRawInstance(options: RawInstanceOptions): Promise<RawInstance> {
  const socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  await once(socket, "connect");
  const transport = createSocketTransport(socket);
  const welcomed = Promise.withResolvers<void>();
  const splitter = new MessageSplitter(MAX_HELLO_BYTES);
  let channel: RawChannel | undefined;
  const handler: ConnectionHandler<FieldList, true> = {
    onHead(_stream, head, ended) {
      if (ended) welcomed.reject(new Error(`Cannot register: ${JSON.stringify(head)}`));
    },
    onData(stream, bytes, start, end) {
      connection.consume(stream, end - start);
      if (channel !== undefined) splitter.push(bytes, start, end, channel);
    },
    onTrailers: (_stream, head) => welcomed.reject(new Error(`Cannot register: ${JSON.stringify(head)}`)),
    onSent() {},
    onRoom() {},
    onClosed() {},
    onTurn: () => channel?.turn(),
    onGoaway() {},
    onConnectionClosed() {},
  };
  const flusher = createFlusher(createNodeScheduler());
  const attached = attachTransport<FieldList, true>(transport, flusher, {
    role: "client",
    reader: createFieldListReader(),
    handler,
  });
  const { connection } = attached;
  transport.start(attached.sink);
  const stream = connection.open(template, nothing, 0, 0, false);
  channel = new RawChannel(connection, stream, options.habits, welcomed.resolve);
  channel.say(hello(options));
  await welcomed.promise;
  return Object.assign(channel, {
    finish: () => void socket.end(() => socket.destroy()),
    reset: () => void socket.resetAndDestroy(),
  });
}

function hello({ id, capacity }: RawInstanceOptions): Uint8Array {
  return encodeInstanceControl({
    kind: {
      case: "hello",
      value: {
        revisionMin: 1,
        revisionMax: 1,
        service: "bench.v1.EchoService",
        instanceId: id,
        incarnation: BigInt(Date.now()),
        processKey: crypto.getRandomValues(new Uint8Array(16)),
        methods: [{ name: "Echo", number: echoNumber, typed: true, kind: Method_Kind.UNARY }],
        ...(capacity === undefined ? {} : { capacity: { calls: capacity } }),
        ordinal: 1n,
      },
    },
  });
}

interface Answer {
  readonly callId: number;
  readonly payload: Uint8Array;
}

class RawChannel implements MessageSink {
  habits: RawHabits;
  readonly starts: { readonly ms: number; readonly attempt: number }[] = [];
  readonly #connection: Connection<true>;
  readonly #stream: Stream<true>;
  readonly #onWelcome: () => void;
  readonly #frame = new FrameView();
  readonly #head = new CallHeadView();
  readonly #start = new StartView();
  readonly #fields = new ReplyHeadFields();
  /** Octets of the request so far, of calls that have not half-closed. */
  readonly #consumed = new Map<number, number>();
  #answers: Answer[] = [];
  #lastId = 0;
  #marked = 0;
  #markTimer: NodeJS.Timeout | undefined;

  constructor(connection: Connection<true>, stream: Stream<true>, habits: RawHabits, onWelcome: () => void) {
    this.#connection = connection;
    this.#stream = stream;
    this.habits = habits;
    this.#onWelcome = onWelcome;
  }

  say(frame: Uint8Array): void {
    this.#connection.write(this.#stream, frame, 0, frame.length, false);
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    readFrame(bytes, start, end, this.#frame);
    readCallHead(bytes, this.#frame.headStart, this.#frame.headEnd, this.#head);
    const { callId, halfClose, startStart } = this.#head;
    if (callId === 0) {
      this.#onWelcome();
      return;
    }
    if (startStart >= 0) {
      readStart(this.#head.bytes, startStart, this.#head.startEnd, this.#start);
      this.#lastId = callId;
      if (!this.habits.answers) this.starts.push({ ms: monotonicMs(), attempt: this.#start.attempt });
    }
    if (!this.habits.answers) return;
    const { payloadNumber, payloadStart, payloadEnd } = this.#frame;
    if (payloadNumber !== 0) this.#consume(callId, payloadEnd - payloadStart, halfClose);
    if (!halfClose) return;
    this.#consumed.delete(callId);
    // A message that came in slices is answered with an empty one: its way here is what is measured.
    const isWhole = payloadNumber === echoNumber;
    this.#answers.push({ callId, payload: isWhole ? bytes.slice(payloadStart, payloadEnd) : nothing });
  }

  /** All that has come is read: marks go now or soon, answers later, as those of code that waits for something. */
  turn(): void {
    if (this.#answers.length === 0) return;
    const answers = this.#answers;
    this.#answers = [];
    if (this.habits.marks === "each turn") this.#mark(this.#lastId);
    if (this.habits.marks === "each call") for (const { callId } of answers) this.#mark(callId);
    if (this.habits.marks === "soon") this.#markTimer ??= setTimeout(this.#markSoon, MARK_DELAY_MS);
    const answerAll = () => {
      for (const answer of answers) this.#answer(answer);
    };
    const { answersAfterMs = 0 } = this.habits;
    if (answersAfterMs === 0) setImmediate(answerAll);
    else setTimeout(answerAll, answersAfterMs);
  }

  readonly #markSoon = (): void => {
    this.#markTimer = undefined;
    this.#mark(this.#lastId);
  };

  #consume(callId: number, size: number, isLast: boolean): void {
    const { credit } = this.habits;
    if (credit === "none") return;
    const consumed = (this.#consumed.get(callId) ?? 0) + size + PAYLOAD_OVERHEAD;
    const isDue = credit === "each payload" || (consumed >= INITIAL_CREDIT / 2 && !isLast);
    this.#consumed.set(callId, isDue ? 0 : consumed);
    if (!isDue) return;
    this.#fields.callId = callId;
    this.#fields.credit = consumed;
    this.#write(0, nothing);
    this.#fields.credit = 0;
  }

  #mark(through: number): void {
    if (through <= this.#marked) return;
    this.#marked = through;
    this.#fields.callId = 0;
    this.#fields.acceptedThrough = through;
    this.#write(0, nothing);
    this.#fields.acceptedThrough = 0;
  }

  #answer({ callId, payload }: Answer): void {
    const fields = this.#fields;
    fields.callId = callId;
    fields.hasHeader = true;
    fields.hasEnd = true;
    if (this.habits.marks === "soon" && this.#lastId > this.#marked) {
      this.#marked = this.#lastId;
      fields.acceptedThrough = this.#marked;
    }
    this.#write(echoNumber, payload.subarray(0, maxEchoBytes));
    fields.hasHeader = false;
    fields.hasEnd = false;
    fields.acceptedThrough = 0;
  }

  #write(payloadNumber: number, payload: Uint8Array): void {
    const fields = this.#fields;
    const size = sizeofFramePrefix(sizeofReplyHead(fields), payloadNumber, payload.length) + payload.length;
    const frame = new Uint8Array(size);
    frame.set(payload, writeReplyFrame(frame, 0, fields, payloadNumber, payload.length));
    this.say(frame);
  }
}
