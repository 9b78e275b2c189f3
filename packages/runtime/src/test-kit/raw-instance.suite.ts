// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  CallHeadView,
  type CallStart,
  CallStartSchema,
  decodeRouterControl,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameView,
  HelloSchema,
  type ReplyHeadSchema,
  ReplySchema,
  type RouterControl,
  readCallHead,
  readFragment,
  readFrame,
  type Welcome,
} from "@grpc-router/protocol";
import type { TestCall, TestCallOptions, TestClient } from "@grpc-router/testing";
import { kinds, type MethodName, numbers, registerPath, serviceName } from "./test-service.suite.js";

/** A frame that the router sent. */
export interface CallFrame {
  readonly callId: number;
  readonly start: CallStart | undefined;
  readonly halfClose: boolean;
  readonly credit: number;
  /** -1: none. */
  readonly cancel: number;
  readonly control: RouterControl | undefined;
  /** Field number of the payload; 0: none. */
  readonly payloadNumber: number;
  /** The member's message, or the data of the fragment. */
  readonly payload: Uint8Array;
  readonly remaining: number;
  readonly compressed: boolean;
}

/** What an instance says in a frame. */
export interface ReplyFrame {
  readonly head: MessageInitShape<typeof ReplyHeadSchema>;
  /** A message as the member of this number. */
  readonly member?: readonly [number: number, message: Uint8Array];
  readonly fragment?: { readonly remaining?: number; readonly compressed?: boolean; readonly data?: Uint8Array };
}

type HelloInit = MessageInitShape<typeof HelloSchema>;

/** An instance made of bare frames: it says exactly what a test tells it to say, right or wrong. */
export class RawInstance {
  readonly call: TestCall;
  readonly #frames: CallFrame[] = [];
  #read = 0;

  constructor(client: TestClient, path: string = registerPath, options?: TestCallOptions) {
    this.call = client.start(path, options);
  }

  /** Sends a hello; what is not given is as it should be. */
  hello(
    hello: HelloInit = {},
    methods: readonly MethodName[] = ["Get", "Read", "Watch", "Collect", "Chat"],
    typed = true,
  ): this {
    const value = create(HelloSchema, {
      revisionMin: 1,
      revisionMax: 1,
      service: serviceName,
      instanceId: "one",
      incarnation: 1n,
      ordinal: 1n,
      processKey: new Uint8Array(16).fill(1),
      methods: methods.map((name) => ({ name, number: numbers[name], typed, kind: kinds[name] })),
      ...hello,
    });
    return this.control({ kind: { case: "hello", value } });
  }

  control(control: NonNullable<MessageInitShape<typeof ReplyHeadSchema>["control"]>): this {
    return this.send({ head: { control } });
  }

  send({ head, member, fragment }: ReplyFrame): this {
    const reply = create(ReplySchema, { head });
    if (fragment !== undefined)
      reply.response = create(ReplySchema, { response: { case: "fragment", value: fragment } }).response;
    const bytes = toBinary(ReplySchema, reply);
    this.call.send(member === undefined ? bytes : join(bytes, encodeMember(...member)));
    return this;
  }

  /** One frame with a message, accepted, and an OK. */
  reply(callId: number, method: MethodName, message: Uint8Array): this {
    const head = { callId: BigInt(callId), end: {}, acceptedThrough: BigInt(callId) };
    return this.send({ head, member: [numbers[method], message] });
  }

  end(callId: number, end: NonNullable<MessageInitShape<typeof ReplyHeadSchema>["end"]> = {}): this {
    return this.send({ head: { callId: BigInt(callId), end } });
  }

  /** All frames so far. */
  get frames(): readonly CallFrame[] {
    for (; this.#read < this.call.messages.length; this.#read++) {
      const message = this.call.messages[this.#read];
      if (message !== undefined) this.#frames.push(decodeFrame(message.bytes));
    }
    return this.#frames;
  }

  /** Frames about calls, not about the channel. */
  get calls(): readonly CallFrame[] {
    return this.frames.filter((frame) => frame.callId !== 0);
  }

  /** Kinds of the control frames so far. */
  get controls(): readonly (string | undefined)[] {
    return this.frames.flatMap((frame) => (frame.control === undefined ? [] : [frame.control.kind.case]));
  }

  get welcome(): Welcome {
    const kind = this.frames[0]?.control?.kind;
    if (kind?.case !== "welcome") throw new Error(`Cannot find the welcome: ${JSON.stringify(this.call.status)}`);
    return kind.value;
  }
}

function decodeFrame(bytes: Uint8Array): CallFrame {
  const frame = new FrameView();
  const head = new CallHeadView();
  const fragment = new FragmentView();
  const fault = readFrame(bytes, 0, bytes.length, frame) || readCallHead(bytes, frame.headStart, frame.headEnd, head);
  if (fault !== 0) throw new Error(`Cannot read a frame of the router: fault ${fault}`);
  let payload = bytes.slice(frame.payloadStart, frame.payloadNumber === 0 ? frame.payloadStart : frame.payloadEnd);
  if (frame.payloadNumber === FRAGMENT_NUMBER) {
    readFragment(bytes, frame.payloadStart, frame.payloadEnd, fragment);
    payload = bytes.slice(fragment.dataStart, fragment.dataEnd);
  }
  return {
    callId: head.callId,
    start:
      head.startStart < 0 ? undefined : fromBinary(CallStartSchema, bytes.subarray(head.startStart, head.startEnd)),
    halfClose: head.halfClose,
    credit: head.credit,
    cancel: head.cancel,
    control: head.controlStart < 0 ? undefined : decodeRouterControl(bytes, head.controlStart, head.controlEnd),
    payloadNumber: frame.payloadNumber,
    payload,
    remaining: fragment.remaining,
    compressed: fragment.compressed,
  };
}

function encodeMember(number: number, message: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(message).finish();
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}
