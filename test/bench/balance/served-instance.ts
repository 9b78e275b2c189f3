// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Connection, ConnectionHandler, FieldList, Scheduler, Stream } from "@grpc-router/http2";
import { attachTransport, createFieldListReader, createFlusher, createHeaderTemplate } from "@grpc-router/http2";
import {
  CallHeadView,
  decodeRouterControl,
  FrameView,
  HelloSchema,
  type ReplyHeadSchema,
  ReplySchema,
  type RouterControl,
  readCallHead,
  readFrame,
  StatusCode,
} from "@grpc-router/protocol";
import { createMessageList, type DuplexEnd, rawLiterals, rawMessage, type SeededRandom } from "@grpc-router/testing";
import type { InstanceTraits } from "./fleet.ts";
import { messageOf, timeIn } from "./timed-message.ts";
import { WorkerPool } from "./worker-pool.ts";

/** Parts of a `ServedInstance`. */
export interface ServedInstanceParts {
  readonly scheduler: Scheduler;
  readonly end: DuplexEnd;
  readonly traits: InstanceTraits;
  /** Calls that it works on at a time. */
  readonly workers: number;
  readonly random: SeededRandom;
  /** It says how many that are. */
  readonly statesCapacity: boolean;
}

const method = { name: "Echo", number: 219_876, typed: true, kind: 1 };
const path = "/grpcrouter.channel.bench.v1.EchoServiceChannel/Register";
const empty = createHeaderTemplate([]);
const frame = new FrameView();
const head = new CallHeadView();

/**
 * An instance on virtual time without promises, written after docs/channel.md: it takes what it is given, works on it as its
 * traits say, and reports its load as often as the router asks for it.
 */
export class ServedInstance {
  readonly id: string;
  readonly pool: WorkerPool;
  readonly #scheduler: Scheduler;
  readonly #connection: Connection<null>;
  readonly #stream: Stream<null>;
  readonly #incoming = createMessageList();
  #read = 0;
  /** The newest call: all are user code's at once, as with a bridge. */
  #taken = 0;

  constructor({ scheduler, end, traits, workers, random, statesCapacity }: ServedInstanceParts) {
    this.id = traits.id;
    this.#scheduler = scheduler;
    this.pool = new WorkerPool({ scheduler, traits, workers, random, done: (...end) => this.#end(...end) });
    const handler = this.#handler();
    const options = {
      role: "client",
      reader: createFieldListReader(),
      handler,
      initialWindowBytes: 1_048_576,
    } as const;
    const { connection, sink } = attachTransport(end, createFlusher(scheduler), options);
    end.deliverTo(sink);
    this.#connection = connection;
    const literals = rawLiterals(requestFields(path));
    this.#stream = connection.open(empty, literals, 0, literals.length, false);
    const hello = create(HelloSchema, {
      revisionMin: 1,
      revisionMax: 1,
      service: "bench.v1.EchoService",
      instanceId: traits.id,
      incarnation: 1n,
      ordinal: 1n,
      processKey: random.randomBytes(16),
      methods: [method],
      ...(statesCapacity ? { capacity: { calls: workers } } : {}),
    });
    this.#send({ control: { kind: { case: "hello", value: hello } } });
  }

  #handler(): ConnectionHandler<FieldList, null> {
    return {
      onHead() {},
      onData: (stream, bytes, start, end) => {
        this.#connection.consume(stream, end - start);
        this.#incoming.push(bytes.subarray(start, end));
        for (; this.#read < this.#incoming.messages.length; this.#read++) {
          this.#take(this.#incoming.messages[this.#read]?.bytes ?? new Uint8Array());
        }
      },
      onTrailers: (_stream, fields) => this.#lost(fields.map(([name, value]) => `${name}: ${value}`).join(", ")),
      onSent() {},
      onRoom() {},
      onClosed() {},
      onTurn() {},
      onGoaway() {},
      onConnectionClosed() {},
    };
  }

  #take(bytes: Uint8Array): void {
    const fault = readFrame(bytes, 0, bytes.length, frame) || readCallHead(bytes, frame.headStart, frame.headEnd, head);
    if (fault !== 0) this.#lost(`a frame has fault ${fault}`);
    const { callId: id, cancel, controlStart, controlEnd, startStart } = head;
    if (controlStart >= 0) this.#control(decodeRouterControl(head.bytes, controlStart, controlEnd));
    else if (cancel >= 0) this.#cancel(id);
    else if (startStart >= 0) {
      this.#taken = id;
      this.pool.add(id, timeIn(bytes, frame.payloadEnd));
    }
  }

  #control(control: RouterControl | undefined): void {
    const kind = control?.kind;
    if (kind?.case === "welcome") this.#report(kind.value.loadEveryMs);
    if (kind?.case !== "ping") return;
    const { token } = kind.value;
    this.#send({ control: { kind: { case: "pong", value: { token, frames: BigInt(this.#read + 1) } } } });
  }

  #report(everyMs: number): void {
    this.#scheduler.after(everyMs, () => {
      const { busyShare, endedPerSecond, failedPerSecond } = this.pool.use();
      const load = { applicationUtilization: busyShare, rps: endedPerSecond, eps: failedPerSecond };
      this.#send({ control: { kind: { case: "load", value: load } } });
      this.#report(everyMs);
    });
  }

  #cancel(id: number): void {
    if (!this.pool.drop(id)) return;
    this.#send({ ...this.#headOf(id), end: { code: StatusCode.cancelled } });
  }

  #end(id: number, failed: boolean, servedMs: number): void {
    if (failed) this.#send({ ...this.#headOf(id), end: { code: StatusCode.unavailable } });
    else this.#send({ ...this.#headOf(id), end: {} }, memberOf(messageOf(servedMs)));
  }

  #headOf(id: number) {
    return { callId: BigInt(id), acceptedThrough: BigInt(this.#taken) };
  }

  #send(replyHead: MessageInitShape<typeof ReplyHeadSchema>, member?: Uint8Array): void {
    const bytes = toBinary(ReplySchema, create(ReplySchema, { head: replyHead }));
    const whole = member === undefined ? bytes : Buffer.concat([bytes, member]);
    const message = rawMessage(whole, 0);
    this.#connection.write(this.#stream, message, 0, message.length, false);
  }

  /** Nothing of the kind happens to instances that keep the rules, as these do. */
  #lost(problem: string): never {
    throw new Error(`Cannot go on with instance ${this.id}: ${problem}`);
  }
}

function memberOf(message: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(method.number, WireType.LengthDelimited).bytes(message).finish();
}

function requestFields(pathname: string): FieldList {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", pathname],
    [":authority", "bench.test"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
}
