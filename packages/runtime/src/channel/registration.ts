// SPDX-License-Identifier: Apache-2.0
import type { Connection, Stream, Timer } from "@grpc-router/http2";
import {
  type BurstLog,
  decodeInstanceControl,
  encodeRouterControl,
  Feature,
  FrameView,
  HELLO_TIMEOUT_MS,
  type Hello,
  INITIAL_CREDIT,
  type Logger,
  MAX_HELLO_BYTES,
  MAX_METADATA_BYTES,
  type MessageSink,
  MessageSplitter,
  PING_AFTER_MS,
  PONG_WITHIN_MS,
  ReplyHeadView,
  readFrame,
  readReplyHead,
} from "@grpc-router/protocol";
import type { Clock } from "../clock.js";
import type { Grant } from "../credentials/registration-gate.js";
import { endStream, headTemplate } from "../forward/answer.js";
import type { ClientAccount } from "../forward/client-account.js";
import type { Forwarder } from "../forward/forwarder.js";
import type { ContentType } from "../forward/request-head.js";
import type { StreamHandler, StreamUser } from "../forward/stream-user.js";
import { registerWindowBytes, stallMs, sweepMs } from "../limits.js";
import type { RegistrationRefusal } from "../registry/registration-refusal.js";
import type { Admission, Registry } from "../registry/registry.js";
import { channelRevision, isRefusal } from "../registry/validate-hello.js";
import { Channel } from "./channel.js";
import { statusOfFault } from "./channel-fault.js";
import { frameFault } from "./frame-receiver.js";

/** What registrations share. */
export interface RegistrationContext {
  readonly forwarder: Forwarder;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For what strangers can cause as often as they like. */
  readonly closeLog: BurstLog;
  /** Open calls of an instance that states no capacity. */
  readonly maxOpenCalls: number | undefined;
  /** As `RouterOptions.holdLostMs`. */
  readonly holdLostMs: number | undefined;
}

/** The Register stream that a registration is about. */
export interface RegisterStream {
  readonly connection: Connection<StreamUser>;
  readonly stream: Stream<StreamUser>;
  /** Where the bytes of a hello that is not whole count. */
  readonly client: ClientAccount;
  readonly contentType: ContentType;
  /** The service of the path; undefined on the untyped one. */
  readonly pathService: string | undefined;
  /** What the instance has proved; undefined if it is refused. */
  readonly grant: Grant | undefined;
  readonly address: string;
}

/** Milliseconds between two load reports that instances are asked for. */
const loadEveryMs = 10_000;

const frame = new FrameView();
const head = new ReplyHeadView();
const nothing = new Uint8Array(0);

/** A Register stream before it is a channel: waits for the Hello, then makes the channel or refuses. */
export class Registration implements StreamHandler, MessageSink {
  readonly #context: RegistrationContext;
  readonly #register: RegisterStream;
  /** The channel's, once there is one. */
  readonly #splitter = new MessageSplitter(MAX_HELLO_BYTES);
  #timer: Timer;
  /** Bytes of a hello that is not whole. */
  #keptBytes = 0;
  #over = false;
  /** What the stream has become. */
  #channel: Channel | undefined = undefined;

  constructor(context: RegistrationContext, register: RegisterStream) {
    this.#context = context;
    this.#register = register;
    this.#timer = this.#waitForHello();
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    const { connection, stream, client } = this.#register;
    connection.consume(stream, end - start);
    const fault = this.#splitter.push(bytes, start, end, this);
    if (fault !== 0) this.#fail(fault);
    else if (!this.#over) this.#keep(this.#splitter.pendingBytes);
    if (client.isFull) {
      const limit = `${client.budget.memoryBytes} bytes`;
      this.refuse({ reason: "CONNECTION_MEMORY", facts: { method: "a registration", limit } });
    }
    if (!endStream) return;
    if (this.#channel !== undefined) this.#channel.onData(nothing, 0, 0, true);
    else this.refuse({ reason: "FRAME_MALFORMED", facts: { detail: "the stream ended before a hello" } });
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    // Frames that came in one piece with the hello; from the next piece on the channel is asked directly.
    this.#channel?.receiver.onMessage(bytes, start, end);
    if (this.#over) return;
    const hello = this.#readHello(bytes, start, end);
    if (hello === undefined) return;
    const { pathService, address, grant } = this.#register;
    // Without a grant it was refused before.
    if (grant === undefined) return;
    const admission = this.#context.registry.admit(hello, pathService, { address, grant });
    if (isRefusal(admission)) this.refuse(admission);
    else this.#open(admission);
  }

  onSent(): void {}

  onRoom(): void {}

  onClosed(): void {
    this.#stop();
  }

  /** Ends the Register call with a status that says why; the same goes to the log, once. */
  refuse(refusal: RegistrationRefusal): void {
    if (this.#over) return;
    this.#stop();
    const { connection, stream, contentType, address } = this.#register;
    const { reason, retryAfterMs, note } = refusal;
    this.#context.forwarder.context.counters.reasons[reason]++;
    const status = statusOfFault(refusal, retryAfterMs === undefined ? {} : { retryAfterMs });
    const text = `Refused a registration from ${address}${note === undefined ? "" : ` (${note})`}: ${status.message}`;
    // Whoever has proved nothing yet could fill the disk.
    const isStranger = reason === "CREDENTIAL_INVALID" || reason === "REGISTRATION_RATE";
    if (isStranger) this.#context.closeLog.log(reason, "refused", text, { address, reason });
    else this.#context.logger.log("warn", "refused", text, { address, reason });
    if (!connection.closed) endStream(connection, stream, headTemplate(contentType), status.literals);
  }

  #waitForHello(): Timer {
    const { clock } = this.#context;
    const dueMs = clock.lastMs + HELLO_TIMEOUT_MS;
    const refuse = () => this.refuse({ reason: "HELLO_TIMEOUT", facts: { limitMs: HELLO_TIMEOUT_MS } });
    return clock.after(HELLO_TIMEOUT_MS, () => {
      // Late: this process stood still, and the Hello may be among what it has not read.
      if (clock.nowMs() - dueMs < stallMs) refuse();
      else this.#timer = clock.after(sweepMs, refuse);
    });
  }

  #readHello(bytes: Uint8Array, start: number, end: number): Hello | undefined {
    let fault = readFrame(bytes, start, end, frame);
    if (fault === 0) fault = readReplyHead(bytes, frame.headStart, frame.headEnd, head);
    if (fault !== 0) {
      this.#refuseFault(fault);
      return undefined;
    }
    const control =
      head.controlStart < 0 ? undefined : decodeInstanceControl(head.bytes, head.controlStart, head.controlEnd);
    if (control?.kind.case === "hello" && head.callId === 0 && frame.payloadNumber === 0) return control.kind.value;
    const service = this.#register.pathService ?? "a service";
    this.refuse({ reason: "HELLO_INVALID", facts: { service, detail: "the first frame must be a hello" } });
    return undefined;
  }

  #fail(fault: Parameters<typeof frameFault>[0]): void {
    if (this.#channel === undefined) this.#refuseFault(fault);
    else this.#channel.close(frameFault(fault));
  }

  #refuseFault(fault: Parameters<typeof frameFault>[0]): void {
    const refusal = frameFault(fault);
    // Of these three the reading of frames is made; a splitter has its own limit here.
    if (refusal.reason === "FRAME_TOO_LARGE") {
      this.refuse({ reason: "FRAME_TOO_LARGE", facts: { limit: MAX_HELLO_BYTES } });
    } else if (refusal.reason === "FRAME_AMBIGUOUS" || refusal.reason === "FRAME_MALFORMED") this.refuse(refusal);
  }

  #open({ plan, profile, grant, epoch, complete }: Admission): void {
    const { forwarder, registry, maxOpenCalls, holdLostMs } = this.#context;
    const { connection, stream, contentType } = this.#register;
    this.#stop();
    const channel = new Channel({
      forwarder,
      owner: registry,
      connection,
      stream,
      service: plan.service,
      profile,
      grant,
      methods: plan.methods,
      epoch,
      maxOpenCalls,
      holdLostMs,
    });
    this.#channel = channel;
    channel.receiver.adopt(this.#splitter);
    stream.data = channel;
    connection.growWindow(stream, registerWindowBytes);
    connection.writeHead(stream, headTemplate(contentType), nothing, 0, 0, false);
    channel.output.say("welcome", this.#welcome(channel, plan.refused));
    complete(channel);
  }

  #welcome(channel: Channel, refused: Admission["plan"]["refused"]): Uint8Array {
    const maxMessageBytes = channel.service.routes.reduce(
      (most, route) => Math.max(most, route.maxResponseMessageBytes),
      0,
    );
    const { features } = channel.profile;
    return encodeRouterControl({
      critical: true,
      kind: {
        case: "welcome",
        value: {
          revision: channelRevision,
          features: [...features],
          routerId: this.#context.registry.routerId,
          epoch: channel.epoch,
          pingAfterMs: PING_AFTER_MS,
          pongWithinMs: PONG_WITHIN_MS,
          initialCredit: INITIAL_CREDIT,
          maxMessageBytes,
          maxMetadataBytes: MAX_METADATA_BYTES,
          loadEveryMs,
          refused: refused.map(({ number, reason, message }) => ({ number, reason, message })),
          routers: features.includes(Feature.routers) ? [...this.#context.registry.routers.addresses] : [],
        },
      },
    });
  }

  #keep(sizeBytes: number): void {
    this.#register.client.keptBytes += sizeBytes - this.#keptBytes;
    this.#keptBytes = sizeBytes;
  }

  /** No Hello is waited for any more. Frames behind one in the same piece still go to the channel. */
  #stop(): void {
    this.#over = true;
    this.#keep(0);
    this.#timer.cancel();
  }
}
