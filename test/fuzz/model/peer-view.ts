// SPDX-License-Identifier: Apache-2.0
import { HeadKind } from "@grpc-router/http2";
import {
  createRawFrameParser,
  createRawHpackDecoder,
  joinBytes,
  RawFlag,
  type RawFrame,
  RawType,
  rawPreface,
} from "@grpc-router/testing";
import { ensure } from "./ensure.ts";
import { isWellFormed } from "./head-oracle.ts";
import { GrantedWindows, PeerWindows } from "./peer-windows.ts";

/** What the engine has sent on one stream. */
interface SentStream {
  headSent: boolean;
  ended: boolean;
  reset: boolean;
  octets: number;
}

const maxFrameBytes = 16_384;
const settingBytes = 6;

/**
 * The other end of an engine's connection, as strict as RFC 9113 lets a peer be: reads every frame of the engine's output
 * with a parser and an HPACK decoder that share no code with it, and every frame of its input for what that allows.
 */
export class PeerView {
  /** What the engine may send. */
  readonly windows = new PeerWindows();
  /** What the peer may send. */
  readonly granted = new GrantedWindows();
  /** Codes of GOAWAY frames of the engine. */
  readonly goaways: number[] = [];
  /** What the engine's last PING says; undefined before it. */
  lastPing: readonly number[] | undefined;
  /** The server answered in HTTP/1.1: what came was not HTTP/2. */
  isForeign = false;
  /** Which octet the engine's user gives at this place, if that is known. */
  expectedOctet: ((streamId: number, offset: number) => number) | undefined;

  readonly #isServer: boolean;
  readonly #output: ReturnType<typeof createRawFrameParser>;
  readonly #input: ReturnType<typeof createRawFrameParser>;
  readonly #hpack = createRawHpackDecoder();
  readonly #sent = new Map<number, SentStream>();
  /** Streams that the peer has begun with HEADERS. */
  readonly #begun = new Set<number>();
  #start: Uint8Array = new Uint8Array(0);
  #frames = 0;
  #block: { streamId: number; endStream: boolean; parts: Uint8Array[] } | undefined;
  #hasBegun = false;
  #isWithinBlock = false;
  #owedAcks = 0;
  #owedPings = 0;
  #lastGoawayId = 0x7fff_ffff;

  constructor(role: "server" | "client") {
    this.#isServer = role === "server";
    this.#output = createRawFrameParser({ skip: this.#isServer ? 0 : rawPreface.length });
    this.#input = createRawFrameParser({ skip: this.#isServer ? rawPreface.length : 0 });
  }

  /** Streams on which the engine has sent, and what. */
  get sent(): ReadonlyMap<number, Readonly<SentStream>> {
    return this.#sent;
  }

  /** The peer sends `bytes`; `inStep`: the engine has no output left that was written before. */
  give(bytes: Uint8Array, inStep: boolean): void {
    for (const frame of this.#input.push(bytes)) this.#giveFrame(frame, inStep);
  }

  /** The engine sends `bytes`. */
  take(bytes: Uint8Array): void {
    if (this.isForeign || this.#isAnswerInHttp1(bytes)) return;
    for (const frame of this.#output.push(bytes)) {
      this.#frames++;
      ensure(
        frame.payload.length <= maxFrameBytes,
        "a frame must be at most 16,384 octets",
        () => frame.payload.length,
      );
      ensure(
        this.goaways.every((code) => code === 0),
        "nothing may follow a GOAWAY with an error",
        () => frame,
      );
      // Whoever does not begin with the preface of HTTP/2 gets a GOAWAY and no more (RFC 9113 section 3.4).
      const isRefusal = this.#isServer && frame.type === RawType.goaway;
      const isPreface = frame.type === RawType.settings && frame.flags === 0;
      if (this.#frames === 1) ensure(isPreface || isRefusal, "SETTINGS must come first", () => frame);
      this.#takeFrame(frame);
    }
  }

  /** The peer has begun, and is in the middle of nothing. */
  get isQuiet(): boolean {
    return this.#hasBegun && this.#input.rest.length === 0 && !this.#isWithinBlock;
  }

  /** Whether every frame of the engine is whole. */
  get isWhole(): boolean {
    return this.#output.rest.length === 0 && this.#block === undefined;
  }

  #giveFrame({ type, flags, streamId, payload }: RawFrame, inStep: boolean): void {
    this.#hasBegun = true;
    if (type === RawType.headers) this.#begun.add(streamId);
    if (type === RawType.headers || type === RawType.continuation) {
      this.#isWithinBlock = (flags & RawFlag.endHeaders) === 0;
    }
    if (type === RawType.settings && (flags & RawFlag.ack) === 0) {
      this.#owedAcks++;
      this.windows.settings(settingsOf(payload), inStep);
    }
    if (type === RawType.ping && (flags & RawFlag.ack) === 0) this.#owedPings++;
    if (type === RawType.windowUpdate && payload.length === 4) {
      this.windows.update(streamId, uint32(payload, 0) & 0x7fff_ffff);
    }
    if (type === RawType.data) this.granted.take(streamId, payload.length);
  }

  #takeFrame(frame: RawFrame): void {
    const { type, flags, streamId, payload } = frame;
    const found = () => ({ ...frame, sent: this.#sent.get(streamId) });
    const block = this.#block;
    ensure(
      (type === RawType.continuation) === (block !== undefined) && (block === undefined || block.streamId === streamId),
      "CONTINUATION must follow its HEADERS, and nothing else",
      found,
    );
    switch (type) {
      case RawType.headers:
        this.#streamOf(frame);
        this.#takeBlock(streamId, (flags & RawFlag.endStream) !== 0, frame, []);
        break;
      case RawType.continuation:
        this.#takeBlock(streamId, block?.endStream ?? false, frame, block?.parts ?? []);
        break;
      case RawType.data:
        this.#takeData(frame);
        break;
      case RawType.rstStream:
        ensure(payload.length === 4 && streamId !== 0, "RST_STREAM must be well formed", found);
        ensure(!this.#sentOf(streamId).reset, "a stream must be reset once", found);
        this.#sentOf(streamId).reset = true;
        break;
      case RawType.windowUpdate:
        ensure(payload.length === 4, "WINDOW_UPDATE must be well formed", found);
        ensure(streamId === 0 || !this.#sentOf(streamId).reset, "no WINDOW_UPDATE may follow RST_STREAM", found);
        this.granted.update(streamId, uint32(payload, 0));
        break;
      default:
        this.#takeControl(frame);
    }
  }

  #takeControl({ type, flags, streamId, payload }: RawFrame): void {
    const found = () => ({ type, flags, streamId, payload });
    ensure(streamId === 0, "SETTINGS, PING and GOAWAY must be the connection's", found);
    const isAck = (flags & RawFlag.ack) !== 0;
    if (type === RawType.settings) {
      ensure(payload.length % settingBytes === 0 && !(isAck && payload.length > 0), "SETTINGS must be whole", found);
      if (isAck) ensure(--this.#owedAcks >= 0, "SETTINGS must be acknowledged once", found);
      else this.granted.settings(settingsOf(payload));
    } else if (type === RawType.ping) {
      ensure(payload.length === 8, "PING must have 8 octets", found);
      if (isAck) ensure(--this.#owedPings >= 0, "PING must be answered once", found);
      else this.lastPing = [...payload];
    } else {
      ensure(type === RawType.goaway && payload.length >= 8, "no other frame may be sent", found);
      const lastId = uint32(payload, 0);
      ensure(lastId <= this.#lastGoawayId, "the last id of GOAWAY must not rise", found);
      this.#lastGoawayId = lastId;
      this.goaways.push(uint32(payload, 4));
    }
  }

  #takeBlock(streamId: number, endStream: boolean, { flags, payload }: RawFrame, parts: Uint8Array[]): void {
    parts.push(payload);
    if ((flags & RawFlag.endHeaders) === 0) {
      this.#block = { streamId, endStream, parts };
      return;
    }
    this.#block = undefined;
    const stream = this.#sentOf(streamId);
    const fields = this.#hpack.decode(joinBytes(...parts));
    const first = this.#isServer ? HeadKind.response : HeadKind.request;
    const kind = stream.headSent ? HeadKind.trailers : first;
    ensure(isWellFormed(kind, fields), "a head must be well formed", () => fields);
    ensure(!stream.headSent || endStream, "trailers must end the stream", () => streamId);
    stream.headSent = true;
    stream.ended = endStream;
  }

  #takeData(frame: RawFrame): void {
    const { streamId, payload, flags } = frame;
    const stream = this.#streamOf(frame);
    ensure(stream.headSent, "DATA must come behind a head", () => streamId);
    this.windows.take(streamId, payload.length);
    for (let at = 0; at < payload.length && this.expectedOctet !== undefined; at++) {
      const offset = stream.octets + at;
      ensure(payload[at] === this.expectedOctet(streamId, offset), "DATA must be the user's octets", () => {
        return { streamId, offset };
      });
    }
    stream.octets += payload.length;
    stream.ended = (flags & RawFlag.endStream) !== 0;
  }

  /** The stream of HEADERS or DATA, which must be one that may still be sent on. */
  #streamOf(frame: RawFrame): SentStream {
    const { streamId } = frame;
    const stream = this.#sentOf(streamId);
    ensure(!stream.ended && !stream.reset, "nothing may follow the end of a stream", () => frame);
    ensure(streamId % 2 === 1, "only streams of the client may be used", () => frame);
    if (this.#isServer) ensure(this.#begun.has(streamId), "a server must not open streams", () => frame);
    return stream;
  }

  #sentOf(streamId: number): SentStream {
    let stream = this.#sent.get(streamId);
    if (stream === undefined) {
      stream = { headSent: false, ended: false, reset: false, octets: 0 };
      this.#sent.set(streamId, stream);
    }
    return stream;
  }

  #isAnswerInHttp1(bytes: Uint8Array): boolean {
    if (!this.#isServer || this.#frames > 0) return false;
    this.#start = joinBytes(this.#start, bytes.subarray(0, 9));
    this.isForeign = Buffer.from(this.#start).toString("latin1").startsWith("HTTP/1.1 ");
    return this.isForeign;
  }
}

function settingsOf(payload: Uint8Array): [number, number][] {
  const entries: [number, number][] = [];
  for (let at = 0; at + settingBytes <= payload.length; at += settingBytes) {
    entries.push([((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0), uint32(payload, at + 2)]);
  }
  return entries;
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}
