// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary } from "@bufbuild/protobuf";
import { CallSchema, HelloSchema } from "@grpc-router/protocol";
import { joinBytes } from "../raw-http2/raw-frame.js";
import type { SeededRandom } from "../seeded-random.js";
import type { TestCall } from "../test-call.js";
import { createTestClient, type TestClient } from "../test-client.js";
import { replyFrame } from "./frames-out.js";
import { InstanceTap } from "./instance-tap.js";
import { drawInstanceTrick, type InstanceTrick, trickMethod } from "./instance-tricks.js";
import { createListeningEnd } from "./listening-end.js";
import type { Network } from "./network.js";
import { noProof, type Proof, proofOf, tokenMetadata } from "./proof.js";
import type { SimLink } from "./sim-link.js";
import { hostilePrefix } from "./sim-logger.js";
import type { SimProcess } from "./sim-process.js";
import { simServices } from "./sim-service.js";

/** A registration with a trick. */
interface Attempt {
  readonly trick: InstanceTrick;
  readonly call: TestCall;
  readonly link: SimLink;
  /** Frames of the router that were looked at. */
  read: number;
  /** When the trick was done; -1: not yet. */
  doneMs: number;
  isOver: boolean;
}

const maxAttempts = 4;
const retryMs = 200;
/** A router answers what it reads at once; narrow links bring it late. */
const answerMs = 2_000;
const narrowAnswerMs = 20_000;
/** A router waits so long for a hello. */
const helloMs = 5_000;
/** Reasons that a channel may end for before its instance has done anything. */
const otherReasons = ["ROUTER_DRAINING", "HEARTBEAT_LOST", "CONNECTION_MEMORY", "REGISTRATION_RATE", "SUPERSEDED"];

/** An instance that registers, breaks a rule, and must be shut out with the reason; then it comes back with another trick. */
export class HostileInstance {
  readonly process: SimProcess;
  readonly #network: Network;
  readonly #id: string;
  readonly #random: SeededRandom;
  readonly #links: SimLink[] = [];
  readonly #proof: Proof;
  #attempts = 0;

  constructor(network: Network, letter: string) {
    const { world } = network;
    this.#network = network;
    this.#random = world.fork();
    this.#id = `${hostilePrefix}${letter}`;
    // Some have stolen a token.
    this.#proof = this.#random.integer(2) === 0 ? noProof : proofOf(world.scenario, this.#id, false);
    this.process = world.process(this.#id);
    this.process.after(this.#random.random() * world.scenario.activeMs * 0.7, () => this.#dial());
  }

  /** It is gone, and its connections with it. */
  stop(): void {
    this.process.die();
    for (const link of this.#links) if (!link.isOver) link.abandon("left");
  }

  #dial(): void {
    const { routers, world } = this.#network;
    const router = routers[this.#random.integer(routers.length)];
    const link = router && this.#network.connect(this.process, router);
    if (link === undefined) {
      this.process.after(retryMs, () => this.#dial());
      return;
    }
    this.#links.push(link);
    link.tap = new InstanceTap(world, link, this.#network.newest, true);
    let onRead = (): void => {};
    const client = createTestClient(
      createListeningEnd(link, () => onRead()),
      this.process,
    );
    const next = (): void => {
      if (client.closeReason !== undefined) this.#again(() => this.#dial());
      else {
        const attempt = this.#register(client, link);
        onRead = () => this.#look(attempt, next);
      }
    };
    next();
  }

  #again(task: () => void): void {
    if (++this.#attempts < maxAttempts) this.process.after(this.#random.random() * 300, task);
  }

  #register(client: TestClient, link: SimLink): Attempt {
    const [service] = simServices;
    const trick = drawInstanceTrick(this.#random);
    const call = client.start(service?.registerPath ?? "", { metadata: tokenMetadata(this.#proof) });
    const attempt = { trick, call, link, read: 0, doneMs: -1, isOver: false };
    this.#network.world.note(this.#id, `comes on ${link.name} with ${trick.name}`);
    if (trick.hello === "none") this.#play(attempt);
    else {
      const value = create(HelloSchema, {
        revisionMin: 1,
        revisionMax: 1,
        service: service?.name ?? "",
        instanceId: this.#id,
        incarnation: 1n,
        ordinal: BigInt(this.#attempts + 1),
        processKey: new Uint8Array(16).fill(0xee),
        methods: [trickMethod],
        capacity: { calls: 1 },
        ...trick.hello,
      });
      call.send(replyFrame({ control: { kind: { case: "hello", value } } }));
      // What is wrong with a hello is wrong at once.
      if (trick.frames.length === 0 && !trick.needsCall) this.#play(attempt);
    }
    return attempt;
  }

  #look(attempt: Attempt, next: () => void): void {
    const { call, trick } = attempt;
    for (; attempt.read < call.messages.length; attempt.read++) {
      const head = fromBinary(CallSchema, call.messages[attempt.read]?.bytes ?? new Uint8Array()).head;
      const isWelcome = head?.control?.kind.case === "welcome";
      if (isWelcome && !this.#mayRegister) {
        this.#network.world.violate("hostile", `${this.#id} is welcome without a credential`);
      }
      const isCall = head?.start !== undefined;
      if (attempt.doneMs < 0 && (trick.needsCall ? isCall : isWelcome)) this.#play(attempt);
    }
    if (!call.closed || attempt.isOver) return;
    attempt.isOver = true;
    const reason = call.status?.details?.errorInfo?.reason;
    const world = this.#network.world;
    world.note(this.#id, `is shut out: ${reason ?? call.status?.code ?? `reset ${call.reset?.by}`}`);
    if (attempt.doneMs >= 0 && reason !== undefined && trick.reason !== "" && !this.#fits(reason, trick)) {
      world.violate("hostile", `${this.#id} did ${trick.name} and was told ${reason}, not ${trick.reason}`);
    }
    this.#again(next);
  }

  get #mayRegister(): boolean {
    return !this.#network.world.scenario.hasCredentials || this.#proof.token !== undefined;
  }

  #fits(reason: string, trick: InstanceTrick): boolean {
    if (!this.#mayRegister && reason === "CREDENTIAL_INVALID") return true;
    return reason === trick.reason || otherReasons.includes(reason);
  }

  #play(attempt: Attempt): void {
    const { call, trick } = attempt;
    const { world } = this.#network;
    attempt.doneMs = world.nowMs;
    if (trick.frames.length > 0) call.sendBytes(joinBytes(...trick.frames));
    if (trick.halfCloses) call.halfClose();
    if (trick.reason === "") return;
    const waitMs = (trick.reason === "HELLO_TIMEOUT" ? helloMs : 0) + answerMs;
    this.process.after(waitMs, () => this.#checkShutOut(attempt));
  }

  /** By now the router must have ended the stream, unless something on the way stands still. */
  #checkShutOut(attempt: Attempt): void {
    const { call, link, trick, doneMs } = attempt;
    const { world } = this.#network;
    if (call.closed || link.isOver || link.right.state === "dead") return;
    const freeMs = Math.max(doneMs, link.troubledUntilMs, link.right.resumedMs);
    if (freeMs === Number.POSITIVE_INFINITY) return;
    const boundMs = (trick.reason === "HELLO_TIMEOUT" ? helloMs : 0) + answerMs;
    const dueMs = freeMs + (world.scenario.isNarrow ? narrowAnswerMs : boundMs);
    if (link.right.state === "paused" || world.nowMs < dueMs) {
      this.process.after(Math.max(dueMs - world.nowMs, 100), () => this.#checkShutOut(attempt));
    } else world.violate("hostile", `${this.#id} did ${trick.name}, and its channel stands`);
  }
}
