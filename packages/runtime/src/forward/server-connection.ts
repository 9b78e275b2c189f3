// SPDX-License-Identifier: Apache-2.0
import {
  type CloseReason,
  type Connection,
  type ConnectionHandler,
  ErrorCode,
  nameOfErrorCode,
  type PeerInfo,
  type Stream,
} from "@grpc-router/http2";
import {
  MAX_CONNECTION_REGISTRATIONS_PER_SECOND,
  MAX_REGISTER_STREAMS,
  MAX_REGISTRATIONS_PER_SECOND,
  RateLimiter,
} from "@grpc-router/protocol";
import { answerProbe } from "../builtin/probe.js";
import { Channel } from "../channel/channel.js";
import { Registration } from "../channel/registration.js";
import type { Grant } from "../credentials/registration-gate.js";
import { channelOutputBytes, maxListedServices } from "../limits.js";
import { serviceOfRegisterPath } from "../registry/register-path.js";
import type { RegistrationRefusal } from "../registry/registration-refusal.js";
import { type RegisterTarget, type Target, TargetKind } from "../registry/target.js";
import { isRefusal } from "../registry/validate-hello.js";
import { endStream, headTemplate } from "./answer.js";
import { CallRecord } from "./call-record.js";
import { ClientAccount, type ConnectionUsage } from "./client-account.js";
import { sendHttpAnswer } from "./http-answer.js";
import { LocalCallStream } from "./local-call-stream.js";
import { ProbeStream } from "./probe-stream.js";
import { ContentType, type RequestHead, Verb } from "./request-head.js";
import type { ServerContext } from "./server-context.js";
import type { StreamUser } from "./stream-user.js";

/**
 * What a connection may be used for, by where it came in: calls of clients, registrations of instances, or both. Probes
 * are answered on all.
 */
export type ConnectionPurpose = "all" | "calls" | "registrations";

/**
 * One connection of a client, an instance, or both: the path of each request decides. It tells the engine's news to
 * whoever uses the stream, and answers what is nobody's.
 */
export class ServerConnection implements ConnectionHandler<RequestHead, StreamUser> {
  readonly peer: PeerInfo;
  readonly #context: ServerContext;
  readonly #purpose: ConnectionPurpose;
  #connection: Connection<StreamUser> | undefined = undefined;
  /** Calls of many messages that start at the end of the turn. */
  #fresh: CallRecord | undefined = undefined;
  #registrations = 0;
  #registrationRate: RateLimiter | undefined = undefined;
  #client: ClientAccount | undefined = undefined;
  #goawayLogged = false;

  constructor(context: ServerContext, peer: PeerInfo, purpose: ConnectionPurpose = "all") {
    this.#context = context;
    this.peer = peer;
    this.#purpose = purpose;
  }

  /** The connection; there from before the first byte. */
  get connection(): Connection<StreamUser> | undefined {
    return this.#connection;
  }

  /** The peer has a registration open. */
  get isInstance(): boolean {
    return this.#registrations > 0;
  }

  get usage(): ConnectionUsage {
    const { keptBytes = 0, headBytes = 0, lingering = 0 } = this.#client ?? {};
    return { address: this.peer.address, keptBytes, headBytes, lingering };
  }

  attach(connection: Connection<StreamUser>): void {
    this.#connection = connection;
    this.#client = new ClientAccount(connection, this.#context.clientBudget, this.peer);
    this.#context.connections.add(this);
  }

  /** Looks at time limits, those of the engine and of the client's memory; call about once a second, when peers may be judged. */
  sweep(nowMs: number): void {
    this.#connection?.sweep(nowMs);
    this.#client?.sweep((call) => {
      const { address } = this.peer;
      const text = `A call of ${call.route.path} is ended (BUFFER_LIMIT): ${address} leaves more unread than its memory and takes too little of it, of this call ${call.replyHeld} bytes`;
      const fields = { address, method: call.route.path, heldBytes: call.replyHeld };
      this.#context.logger.log("warn", "buffer_limit", text, fields);
      this.#context.forwarder.ending.cutOff(call, ErrorCode.enhanceYourCalm);
    });
  }

  onHead(stream: Stream<StreamUser>, head: RequestHead, ended: boolean): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { target } = head;
    if (target?.kind === TargetKind.probe) {
      const { path } = target;
      const verb = verbNames[head.verb];
      const probe = new ProbeStream(connection, stream, () => answerProbe(verb, path, this.#context.health));
      stream.data = probe;
      if (ended) probe.onData(nothing, 0, 0, true);
    } else if (head.verb !== Verb.post) sendHttpAnswer(connection, stream, notPost);
    else if (head.contentType === ContentType.other) sendHttpAnswer(connection, stream, notGrpc);
    else this.#onGrpc(connection, stream, head, ended);
  }

  onData(stream: Stream<StreamUser>, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    const user = stream.data;
    if (user instanceof CallRecord) this.#context.forwarder.requests.receive(user, bytes, start, end, endStream);
    else if (user !== undefined) user.onData(bytes, start, end, endStream);
    else this.#connection?.consume(stream, end - start);
  }

  onTrailers(stream: Stream<StreamUser>): void {
    // Clients have nothing to say there; what counts is that the request is over.
    this.onData(stream, nothing, 0, 0, true);
  }

  onSent(stream: Stream<StreamUser>): void {
    const user = stream.data;
    if (user instanceof CallRecord) this.#context.forwarder.replies.credit.onSent(user);
    else user?.onSent();
  }

  onRoom(stream: Stream<StreamUser>): void {
    const user = stream.data;
    if (user !== undefined && !(user instanceof CallRecord)) user.onRoom();
  }

  onClosed(stream: Stream<StreamUser>): void {
    const user = stream.data;
    stream.data = undefined;
    if (user instanceof CallRecord) this.#context.forwarder.ending.clientGone(user);
    else if (user !== undefined) {
      if (user instanceof Registration || user instanceof Channel) this.#count(-1);
      user.onClosed();
    }
  }

  onTurn(): void {
    let call = this.#fresh;
    this.#fresh = undefined;
    while (call !== undefined) {
      const next = unlinkFresh(call);
      this.#context.forwarder.startFresh(call);
      call = next;
    }
  }

  onGoaway(_lastStreamId: number, code: number, debug: string): void {
    if (code === 0 || this.#goawayLogged) return;
    this.#goawayLogged = true; // a peer may repeat it as often as it likes
    const { address } = this.peer;
    const name = nameOfErrorCode(code);
    const text = `The peer ${address} leaves with ${name}${debug === "" ? "" : `: ${debug}`}`;
    this.#context.logger.log("debug", "peer_goaway", text, { address, code, debug });
  }

  onConnectionClosed(reason: CloseReason): void {
    this.#context.connections.delete(this);
    this.#client?.close();
    // Its turn does not end any more, and its records are for other calls.
    for (let call = this.#fresh; call !== undefined; call = unlinkFresh(call));
    this.#fresh = undefined;
    this.#context.onGone();
    if (reason.limit === undefined && reason.by !== "local") return;
    if (reason.code === 0) return;
    const { address } = this.peer;
    const text = `Closed the connection of ${address}: ${reason.message}`;
    const { code, limit } = reason;
    // Our own words, without the numbers of a peer: few kinds, and no fault hides another.
    const kind = limit ?? reason.message.replaceAll(/\d+/g, "");
    this.#context.closeLog.log(kind, "connection_closed", text, { address, code, limit });
  }

  #onGrpc(connection: Connection<StreamUser>, stream: Stream<StreamUser>, head: RequestHead, ended: boolean): void {
    const target = this.#context.catalog.current(head);
    if (this.#purpose !== "all" && this.#isElsewhere(head, target)) {
      const path = target === undefined ? head.path : pathOf(target);
      this.#endUnknown(connection, stream, { head, path, served: elsewhere[this.#purpose] });
      return;
    }
    switch (target?.kind) {
      case TargetKind.call: {
        if (this.#client === undefined) break;
        const call = this.#context.forwarder.open(this.#client, stream, target, head);
        if (call !== undefined) this.#begin(call, ended);
        break;
      }
      case TargetKind.register:
        this.#register(connection, stream, target, head, ended);
        break;
      case TargetKind.local: {
        const local = new LocalCallStream({ connection, stream, target, head, clock: this.#context.clock });
        stream.data = local;
        if (ended) local.onData(nothing, 0, 0, true);
        break;
      }
      default:
        this.#onUnknownPath(connection, stream, head, ended);
    }
  }

  #onUnknownPath(
    connection: Connection<StreamUser>,
    stream: Stream<StreamUser>,
    head: RequestHead,
    ended: boolean,
  ): void {
    const serviceName = serviceOfRegisterPath(head.path);
    if (serviceName !== undefined) {
      // An instance of a service that is not here: its hello gets the answer that helps.
      this.#register(connection, stream, { kind: TargetKind.register, serviceName }, head, ended);
      return;
    }
    this.#endUnknown(connection, stream, { head, path: head.path, served: listServices(this.#context.catalog.names) });
  }

  /** The request belongs on another listener. */
  #isElsewhere(head: RequestHead, target: Target | undefined): boolean {
    const isRegistration =
      target === undefined ? serviceOfRegisterPath(head.path) !== undefined : target.kind === TargetKind.register;
    return isRegistration !== (this.#purpose === "registrations");
  }

  #endUnknown(
    connection: Connection<StreamUser>,
    stream: Stream<StreamUser>,
    { head, path, served }: { readonly head: RequestHead; readonly path: string; readonly served: string },
  ): void {
    const facts = { path, served };
    const status = this.#context.statuses.get("METHOD_UNKNOWN", facts, { execution: "none" });
    this.#context.counters.reasons.METHOD_UNKNOWN++;
    const { metrics, watchers } = this.#context.forwarder.context;
    metrics?.countUnknown();
    if (watchers.list.length > 0) {
      const { rest, restEnd, previousAttempts, hasTraceContext } = head;
      watchers.refused(
        { path, rest, restEnd, previousAttempts, hasTraceContext, client: this.peer },
        this.#context.clock.lastMs,
      );
    }
    endStream(connection, stream, headTemplate(head.contentType), status.literals);
  }

  #begin(call: CallRecord, ended: boolean): void {
    if (ended) {
      call.requestEnded = true;
      // The reader's buffer is still this head's.
      this.#context.forwarder.placement.place(call);
    } else if (call.route.streamsRequests && !call.isFresh) {
      call.isFresh = true;
      call.freshNext = this.#fresh;
      this.#fresh = call;
    }
    if (call.restIsBorrowed) this.#context.reader.holder = call;
  }

  #register(
    connection: Connection<StreamUser>,
    stream: Stream<StreamUser>,
    { serviceName }: RegisterTarget,
    head: RequestHead,
    ended: boolean,
  ): void {
    const client = this.#client;
    if (client === undefined) return;
    const verdict = this.#judgeRegistration(head, serviceName);
    const isRefused = isRefusal(verdict);
    const registration = new Registration(this.#context, {
      connection,
      stream,
      client,
      contentType: head.contentType,
      pathService: serviceName,
      grant: isRefused ? undefined : verdict,
      address: this.peer.address,
    });
    stream.data = registration;
    this.#count(1);
    if (isRefused) registration.refuse(verdict);
    else {
      connection.maxOutputBytes = channelOutputBytes;
      if (ended) registration.onData(nothing, 0, 0, true);
    }
  }

  /** What can be told before the Hello. Whoever may not register at all takes nothing from the rate that all share. */
  #judgeRegistration(head: RequestHead, serviceName: string | undefined): Grant | RegistrationRefusal {
    const { registrationRate, clock, gate } = this.#context;
    const service = serviceName ?? "a service";
    const reason = "REGISTRATION_RATE";
    if (this.#registrations >= MAX_REGISTER_STREAMS) return { reason, facts: { service, limit: MAX_REGISTER_STREAMS } };
    this.#registrationRate ??= new RateLimiter(
      clock.lastMs,
      MAX_REGISTER_STREAMS,
      MAX_CONNECTION_REGISTRATIONS_PER_SECOND,
    );
    if (!this.#registrationRate.take(clock.lastMs)) {
      const facts = { service, limit: MAX_CONNECTION_REGISTRATIONS_PER_SECOND };
      return { reason, facts, retryAfterMs: this.#registrationRate.waitMs };
    }
    const verdict = gate.judge(head, this.peer, serviceName, clock.lastMs);
    if (isRefusal(verdict) || registrationRate.take(clock.lastMs)) return verdict;
    const facts = { service, limit: MAX_REGISTRATIONS_PER_SECOND };
    return { reason, facts, retryAfterMs: registrationRate.promise(clock.lastMs) };
  }

  /** The number of Register streams changes. With one, heartbeats watch over the connection, and an instance leaves by a drain. */
  #count(change: number): void {
    this.#registrations += change;
    if (this.#connection !== undefined) this.#connection.longLived = this.#registrations > 0;
  }
}

/** The call waits for the end of the turn no more. Answers the one behind it. */
function unlinkFresh(call: CallRecord): CallRecord | undefined {
  const next = call.freshNext;
  call.freshNext = undefined;
  call.isFresh = false;
  return next;
}

const nothing = new Uint8Array(0);

const verbNames = ["", "POST", "GET"] as const;

const notPost = {
  status: 405,
  body: "gRPC calls are POST requests\n",
  fields: [
    ["allow", "POST"],
    ["grpc-status", "13"],
  ],
} as const;

const notGrpc = { status: 415, body: "content-type must be application/grpc\n" } as const;

/** What is served where a request came in that belongs elsewhere. */
const elsewhere = {
  calls: "calls of clients and no registrations, which have an address of their own",
  registrations: "registrations of instances and no calls, which have an address of their own",
} as const;

/** The path of a target; of a registration its method alone, since several lead there. */
function pathOf(target: Target): string {
  switch (target.kind) {
    case TargetKind.register:
      return "Register";
    case TargetKind.local:
      return `/${target.service.desc.typeName}/${target.method.name}`;
    default:
      return target.path;
  }
}

function listServices(services: readonly string[]): string {
  const shown = services.slice(0, maxListedServices).join(", ");
  const more = services.length - maxListedServices;
  if (services.length === 0) return "none";
  return more > 0 ? `${shown} and ${more} more` : shown;
}
