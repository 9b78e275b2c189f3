// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary } from "@bufbuild/protobuf";
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
import { ReplySchema, WelcomeSchema } from "@grpc-router/protocol";
import { createMessageList } from "../message-list.js";
import { joinBytes, rawMessage } from "../raw-http2/raw-frame.js";
import { rawLiterals } from "../raw-http2/raw-hpack.js";
import type { SeededRandom } from "../seeded-random.js";
import { callFrame } from "./frames-out.js";
import { drawRouterTrick, type RouterTrick } from "./router-tricks.js";
import type { SimLink } from "./sim-link.js";
import { hostilePrefix } from "./sim-logger.js";
import type { SimProcess } from "./sim-process.js";
import type { World } from "./world.js";

/** A Register stream of an instance. */
interface Register {
  readonly messages: ReturnType<typeof createMessageList>;
  readonly trick: RouterTrick;
  readonly link: SimLink;
  read: number;
  /** Reason of the instance's Close. */
  closed: string | undefined;
  /** The instance had no room for the call, so what follows it means nothing. */
  isRefused: boolean;
  isOver: boolean;
}

const noFields = createHeaderTemplate([]);
const head = rawLiterals([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
/** An instance answers what it reads at once; narrow links bring it late. */
const answerMs = 2_000;
const narrowAnswerMs = 20_000;
const grownWindowBytes = 1_048_576;

/** A router that breaks rules. Instances that have been told to dial it, too, must shut it out, and serve others as ever. */
export class HostileRouter {
  readonly name: string;
  readonly process: SimProcess;
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #links: SimLink[] = [];

  constructor(world: World, letter: string) {
    this.#world = world;
    this.#random = world.fork();
    this.name = `${hostilePrefix}${letter}`;
    this.process = world.process(this.name);
  }

  get isUp(): boolean {
    return this.process.state !== "dead";
  }

  /** It is gone, and its connections with it. */
  stop(): void {
    this.process.die();
    for (const link of this.#links) if (!link.isOver) link.abandon("right");
  }

  /** Takes the right end of a link. */
  accept(link: SimLink): void {
    this.#links.push(link);
    const registers: Register[] = [];
    // An instance that leaves need not say why, once it has been told nonsense.
    const leave = (): void => {
      for (const register of registers) register.isOver = true;
    };
    const handler: ConnectionHandler<FieldList, Register> = {
      onHead: (stream) => {
        stream.data = this.#register(link);
        registers.push(stream.data);
        connection.growWindow(stream, grownWindowBytes);
        connection.writeHead(stream, noFields, head, 0, head.length, false);
      },
      onData: (stream, bytes, start, end) => {
        connection.consume(stream, end - start);
        stream.data?.messages.push(bytes.slice(start, end));
        if (stream.data !== undefined) this.#look(connection, stream, stream.data);
      },
      onTrailers: () => {},
      onSent: () => {},
      onRoom: () => {},
      onClosed: ({ data }) => {
        if (data !== undefined) data.isOver = true;
      },
      onTurn: () => {},
      onGoaway: leave,
      onConnectionClosed: leave,
    };
    const { connection, sink } = attachTransport<FieldList, Register>(link.rightEnd, createFlusher(this.process), {
      role: "server",
      reader: createFieldListReader(),
      handler,
    });
    link.right.io.defer(() => link.rightEnd.deliverTo(sink));
  }

  #register(link: SimLink): Register {
    const trick = drawRouterTrick(this.#random);
    return { messages: createMessageList(), trick, link, read: 0, closed: undefined, isRefused: false, isOver: false };
  }

  #look(connection: Connection<Register>, stream: Stream<Register>, register: Register): void {
    const { messages, trick } = register;
    for (; register.read < messages.messages.length; register.read++) {
      const bytes = messages.messages[register.read]?.bytes ?? new Uint8Array();
      const { end, control } = fromBinary(ReplySchema, bytes).head ?? {};
      const kind = control?.kind;
      if (end !== undefined) register.isRefused = true;
      if (kind?.case === "hello") this.#play(connection, stream, register);
      if (kind?.case !== "close") continue;
      register.closed = kind.value.reason;
      this.#world.note(this.name, `is shut out: ${register.closed}`);
      if (!register.isRefused && trick.reason !== "" && trick.reason !== register.closed) {
        this.#world.violate(
          "hostile",
          `${this.name} did ${trick.name} and was told ${register.closed}, not ${trick.reason}`,
        );
      }
    }
  }

  #play(connection: Connection<Register>, stream: Stream<Register>, register: Register): void {
    const { trick } = register;
    this.#world.note(this.name, `answers a hello on ${register.link.name} with ${trick.name}`);
    const frames = [...trick.frames];
    if (trick.welcome !== "none") {
      const value = create(WelcomeSchema, { revision: 1, routerId: this.name, epoch: 1n, ...trick.welcome });
      frames.unshift(rawMessage(callFrame({ control: { kind: { case: "welcome", value } } })));
    }
    const bytes = joinBytes(...frames);
    connection.write(stream, bytes, 0, bytes.length, false);
    if (trick.reason !== "") this.process.after(answerMs, () => this.#checkShutOut(register, this.#world.nowMs));
  }

  /** By now the instance must have closed the channel, unless something on the way stands still. */
  #checkShutOut(register: Register, sinceMs: number): void {
    const { link, trick } = register;
    const world = this.#world;
    if (
      register.closed !== undefined ||
      register.isOver ||
      register.isRefused ||
      link.isOver ||
      link.left.state === "dead"
    )
      return;
    if (world.isLeaving(link.left)) return;
    const freeMs = Math.max(sinceMs, link.troubledUntilMs, link.left.resumedMs);
    if (freeMs === Number.POSITIVE_INFINITY) return;
    const dueMs = freeMs + (world.scenario.isNarrow ? narrowAnswerMs : answerMs);
    if (link.left.state === "paused" || world.nowMs < dueMs) {
      this.process.after(Math.max(dueMs - world.nowMs, 100), () => this.#checkShutOut(register, sinceMs));
    } else world.violate("hostile", `${this.name} did ${trick.name}, and its channel stands`);
  }
}
