// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type Call,
  CallSchema,
  decodeBinaryValue,
  decodeStatusDetails,
  Method_Kind,
  type ReplyHeadSchema,
  ReplySchema,
} from "@grpc-router/protocol";
import {
  createRawHpackDecoder,
  joinBytes,
  type RawField,
  RawFlag,
  type RawFrame,
  RawType,
  rawData,
  rawMessage,
} from "@grpc-router/testing/raw-http2";
import type { AttackContext } from "../attack.ts";
import { requestHeaders } from "./orders.ts";
import type { RawConnection } from "./raw-connection.ts";

const registerPath = "/grpcrouter.channel.grpc.testing.TestServiceChannel/Register";
const service = "grpc.testing.TestService";
const dataFrameBytes = 16_384;

/** Methods of the hello under the numbers of packages/protocol/vectors/refusals.json; a hello chooses its own (section 3). */
const methods = [
  { name: "FullDuplexCall", number: 173_444, typed: true, kind: Method_Kind.BIDI_STREAMING },
  { name: "StreamingOutputCall", number: 89_608, typed: true, kind: Method_Kind.SERVER_STREAMING },
  { name: "UnaryCall", number: 8, typed: true, kind: Method_Kind.UNARY },
  { name: "EmptyCall", number: 16, typed: true, kind: Method_Kind.UNARY },
  { name: "StreamingInputCall", number: 214_892, typed: false, kind: Method_Kind.CLIENT_STREAMING },
];

/** Paths of calls that only a hostile instance serves. */
export const hostilePath = { bidi: `/${service}/FullDuplexCall`, watch: `/${service}/StreamingOutputCall` } as const;

/** An instance that has registered as it should, and then says what it is told to: one Register stream, id 1. */
export interface HostileInstance {
  readonly connection: RawConnection;
  /** Frames of the router about calls, in order. */
  readonly calls: readonly Call[];
  /** Sends a frame with this head and, behind it, `payload` as bytes of the frame. */
  reply(head: MessageInitShape<typeof ReplyHeadSchema>, payload?: Uint8Array): void;
  /** Sends bytes on the Register stream, in as many DATA frames as they need. False once the connection is over. */
  push(bytes: Uint8Array): Promise<boolean>;
  /** The reason for which the router has ended the channel, "RST(code)" or "GOAWAY(code)"; undefined if it does not within `withinMs`. */
  ended(withinMs?: number): Promise<string | undefined>;
}

let lastProcess = Date.now();

/** Registers for grpc.testing.TestService. @throws Error when the router does not welcome it. */
export async function registerHostile(context: AttackContext): Promise<HostileInstance> {
  const reader = new RegisterReader();
  const connection = await context.open({ dropsData: false, onFrame: (frame) => reader.take(frame) });
  const push = (bytes: Uint8Array) => connection.push(dataFrames(bytes));
  connection.send(requestHeaders(1, registerPath));
  await push(frameOf({ control: { kind: { case: "hello", value: helloOf(`hostile-${++lastProcess}`) } } }));
  await connection.until(() => reader.welcomed || reader.trailers !== undefined, 3_000);
  if (!reader.welcomed) throw new Error(`Cannot register: the router must welcome it, received ${reader.reason}`);
  return {
    connection,
    calls: reader.calls,
    push,
    reply: (head, payload: Uint8Array = new Uint8Array()) => connection.send(dataFrames(frameOf(head, payload))),
    async ended(withinMs = 2_000) {
      await connection.until(() => reader.trailers !== undefined || connection.resets.has(1), withinMs);
      if (reader.trailers !== undefined) return reader.reason;
      if (connection.resets.has(1)) return `RST(${connection.resets.get(1)})`;
      return connection.goaway === undefined ? undefined : `GOAWAY(${connection.goaway.code})`;
    },
  };
}

/** A frame of the channel with its gRPC prefix. */
export function frameOf(
  head: MessageInitShape<typeof ReplyHeadSchema>,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  return rawMessage(joinBytes(toBinary(ReplySchema, create(ReplySchema, { head })), payload));
}

function helloOf(instanceId: string) {
  const processKey = crypto.getRandomValues(new Uint8Array(16));
  return { revisionMin: 1, revisionMax: 1, service, instanceId, incarnation: 1n, ordinal: 1n, processKey, methods };
}

function dataFrames(bytes: Uint8Array): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += dataFrameBytes)
    frames.push(rawData(1, bytes.subarray(at, at + dataFrameBytes)));
  return joinBytes(...frames);
}

/** What the router says on the Register stream. */
class RegisterReader {
  welcomed = false;
  readonly calls: Call[] = [];
  trailers: readonly RawField[] | undefined;
  readonly #decoder = createRawHpackDecoder();
  #bytes: Uint8Array = new Uint8Array();

  /** The reason in the status of the stream. */
  get reason(): string {
    const value = (name: string) => this.trailers?.find(([other]) => other === name)?.[1] ?? "";
    const details = decodeBinaryValue(value("grpc-status-details-bin"));
    return (details && decodeStatusDetails(details)?.errorInfo?.reason) || `status ${value("grpc-status")}`;
  }

  take({ type, flags, streamId, payload }: RawFrame): void {
    if (streamId !== 1) return;
    if (type === RawType.headers) {
      const fields = this.#decoder.decode(payload);
      if ((flags & RawFlag.endStream) !== 0) this.trailers = fields;
    } else if (type === RawType.data) this.#readMessages(payload);
  }

  #readMessages(bytes: Uint8Array): void {
    this.#bytes = joinBytes(this.#bytes, bytes);
    for (;;) {
      const { length } = this.#bytes;
      const end = length < 5 ? 5 : 5 + new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getUint32(1);
      if (length < end) return;
      const call = fromBinary(CallSchema, this.#bytes.subarray(5, end));
      this.#bytes = this.#bytes.slice(end);
      if (call.head?.control?.kind.case === "welcome") this.welcomed = true;
      else if ((call.head?.callId ?? 0n) !== 0n) this.calls.push(call);
    }
  }
}
