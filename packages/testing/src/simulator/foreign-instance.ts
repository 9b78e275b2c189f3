// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { type Hello, HelloSchema, Method_Kind } from "@grpc-router/protocol";
import { untypedRegisterPath } from "@grpc-router/runtime";
import type { SeededRandom } from "../seeded-random.js";
import { createTestClient, type TestClient } from "../test-client.js";
import { ForeignChannel } from "./foreign-channel.js";
import { InstanceTap } from "./instance-tap.js";
import { createListeningEnd } from "./listening-end.js";
import type { Network } from "./network.js";
import { tokenMetadata } from "./proof.js";
import type { SimLink } from "./sim-link.js";
import type { SimProcess } from "./sim-process.js";
import type { SimRouter } from "./sim-router.js";
import { type SimMethod, type SimService, simServices } from "./sim-service.js";
import { createUserCode, type UserCode } from "./user-code.js";
import type { World } from "./world.js";
import type { InstanceIdentity, WorldInstance } from "./world-instance.js";

/** A connection to a router with one service's channel. */
interface Session {
  readonly client: TestClient;
  readonly link: SimLink;
  readonly tap: InstanceTap;
  readonly channel: ForeignChannel;
}

const reconnectMs = 1_000;
/** After a refusal that says that somebody else has the id. */
const refusedMs = 20_000;

/**
 * An instance that is no bridge of ours: it shares neither codec nor states with it. It keeps the rules, and says what no
 * bridge says: health and traits as they change. What it cannot read, of other subtypes, it passes to user code as it is.
 */
export class ForeignInstance implements WorldInstance {
  readonly id: string;
  readonly isImpostor = false;
  readonly restates = true;
  readonly process: SimProcess;
  isLeaving = false;
  running = 0;
  /** What still runs for former channels is not taken off what it states. */
  readonly maxRunning = Number.POSITIVE_INFINITY;
  readonly #network: Network;
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #identity: InstanceIdentity;
  readonly #processKey: Uint8Array;
  /** On the path of generated code, or on the one for all. */
  readonly #isTyped: boolean;
  readonly #sessions: Session[] = [];
  readonly #codes = new Map<SimService, UserCode>();
  #capacity: number | undefined;
  #isServing = true;
  #traits = { labels: { zone: "a" }, weight: 100 };
  #ordinal = 0n;

  constructor(network: Network, identity: InstanceIdentity) {
    const { world } = network;
    this.#network = network;
    this.#world = world;
    this.#identity = identity;
    this.id = identity.id;
    this.process = world.process(`${identity.id}.${identity.start}f`);
    this.#random = world.fork();
    this.#processKey = this.#random.randomBytes(16);
    this.#isTyped = this.#random.integer(2) === 0;
    this.#capacity = identity.plan.capacity;
    world.note(this.process.name, "starts");
    for (const at of identity.plan.serves) {
      const service = simServices[at];
      if (service === undefined) continue;
      this.#codes.set(service, createUserCode(this, world, service));
      for (const router of network.routers) this.#later(5, router, service);
    }
  }

  get isAlive(): boolean {
    return this.process.state !== "dead";
  }

  get links(): SimLink[] {
    return this.#sessions.map(({ link }) => link).filter((link) => !link.isOver);
  }

  get taps(): Iterable<InstanceTap> {
    return this.#sessions.map(({ tap }) => tap);
  }

  setCapacity(calls: number): void {
    if (!this.isAlive || this.isLeaving) return;
    this.#world.note(this.process.name, `states capacity ${calls}`);
    this.#capacity = calls;
    this.process.defer(() => {
      for (const { channel } of this.#sessions) {
        channel.send({ control: { kind: { case: "capacity", value: { calls } } } });
      }
    });
  }

  restate(isServing: boolean): void {
    if (!this.isAlive || this.isLeaving) return;
    this.#world.note(this.process.name, isServing ? "serves" : "does not serve");
    this.#isServing = isServing;
    this.#traits = { labels: { zone: String(this.#random.integer(9)) }, weight: 1 + this.#random.integer(200) };
    this.process.defer(() => {
      for (const { channel } of this.#sessions) {
        if (!channel.isOpen) continue;
        channel.send({ control: { kind: { case: "health", value: this.#health } } });
        channel.send({ control: { kind: { case: "traits", value: this.#traits } } });
        channel.send({ control: { kind: { case: "load", value: { rps: 1 } } } });
      }
    });
  }

  drain(timeoutMs: number): void {
    if (!this.isAlive || this.isLeaving) return;
    this.#world.note(this.process.name, `drains within ${timeoutMs.toFixed(0)} ms`);
    this.isLeaving = true;
    this.process.defer(() => {
      for (const { channel } of this.#sessions) channel.drain();
    });
    this.process.after(timeoutMs, () => this.#hangUp());
  }

  leave(): void {
    this.drain(1_000);
  }

  kill(isSilent: boolean): void {
    if (!this.isAlive) return;
    this.#world.note(this.process.name, isSilent ? "is gone with its machine" : "killed");
    this.process.die();
    this.isLeaving = true;
    for (const link of this.links) {
      if (isSilent) link.lose("left");
      else link.abandon("left");
    }
  }

  get #health() {
    return { status: this.#isServing ? 1 : 2 };
  }

  /** The grace is over: what still runs is lost. */
  #hangUp(): void {
    for (const { client, channel } of this.#sessions) {
      channel.lose();
      if (client.closeReason === undefined) client.connection.close(0, "leaving");
    }
  }

  #later(withinMs: number, router: SimRouter, service: SimService): void {
    this.process.after(this.#random.random() * withinMs, () => {
      if (!this.isLeaving) this.#connect(router, service);
    });
  }

  #connect(router: SimRouter, service: SimService): void {
    const code = this.#codes.get(service);
    const link = this.#network.connect(this.process, router, this.#identity.proof);
    if (link === undefined || code === undefined) {
      this.#later(reconnectMs, router, service);
      return;
    }
    const tap = new InstanceTap(this.#world, link, this.#network.newest);
    link.tap = tap;
    let onRead = (): void => {};
    const client = createTestClient(
      createListeningEnd(link, () => onRead()),
      this.process,
    );
    let isReplaced = false;
    const channel = new ForeignChannel({
      process: this.process,
      service,
      code,
      register: client.start(this.#isTyped ? service.registerPath : untypedRegisterPath, {
        metadata: tokenMetadata(this.#identity.proof),
      }),
      hello: this.#hello(service),
      onEnd: (reason, isOver) => {
        if (isOver && client.closeReason === undefined) client.connection.close(0, "done");
        // A newer process has its id now.
        if (reason === "SUPERSEDED") isReplaced = true;
        if (isReplaced) return;
        isReplaced = true;
        const isRefused = reason === "ID_IN_USE" || reason === "ID_NOT_YOURS";
        if (isRefused) this.process.after(refusedMs, () => this.#later(reconnectMs, router, service));
        else this.#later(reconnectMs, router, service);
      },
    });
    onRead = () => channel.look();
    this.#sessions.push({ client, link, tap, channel });
  }

  #hello(service: SimService): Hello {
    return create(HelloSchema, {
      revisionMin: 1,
      revisionMax: 1,
      service: service.name,
      instanceId: this.id,
      incarnation: BigInt(this.#identity.incarnation),
      processKey: this.#processKey,
      methods: service.methods.map((method) => ({
        name: method.name,
        number: method.number,
        typed: this.#isTyped && method.isTyped,
        kind: kindOf(method),
      })),
      traits: this.#traits,
      health: this.#health,
      ...(this.#capacity === undefined ? {} : { capacity: { calls: this.#capacity } }),
      ordinal: ++this.#ordinal,
      agent: "foreign",
    });
  }
}

function kindOf({ clientStreams, serverStreams }: SimMethod): Method_Kind {
  if (clientStreams) return serverStreams ? Method_Kind.BIDI_STREAMING : Method_Kind.CLIENT_STREAMING;
  return serverStreams ? Method_Kind.SERVER_STREAMING : Method_Kind.UNARY;
}
