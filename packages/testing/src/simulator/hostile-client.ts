// SPDX-License-Identifier: Apache-2.0
import { rawMessage } from "../raw-http2/raw-frame.js";
import type { SeededRandom } from "../seeded-random.js";
import type { TestCall } from "../test-call.js";
import { createTestClient, type TestClient } from "../test-client.js";
import { strangerKey } from "./call-plan.js";
import { createListeningEnd } from "./listening-end.js";
import type { Network } from "./network.js";
import { wrapContent, writeContent } from "./sim-content.js";
import type { SimLink } from "./sim-link.js";
import { hostilePrefix } from "./sim-logger.js";
import type { SimProcess } from "./sim-process.js";
import { simPath, simServices } from "./sim-service.js";

const maxAttempts = 4;
const retryMs = 200;
/** Calls of one trick; each limit is below or above. */
const manyCalls = 25;

/** Does something that no client should, on a connection of its own. */
type Trick = (client: TestClient, self: HostileClient, link: SimLink) => void;

const tricks: Readonly<Record<string, Trick>> = {
  "opens and resets": (client, self) => {
    for (let count = 0; count < manyCalls; count++) self.get(client)?.cancel();
  },
  "never reads": (client, self) => {
    for (let count = 0; count < 10; count++) self.get(client)?.setReading(false);
  },
  "says what is no message": (client, self) => {
    for (const bytes of [
      [2, 0, 0, 0, 1, 0],
      [0, 255, 255, 255, 255],
      [0, 0, 0, 0, 9, 1],
    ]) {
      self.mustFail(self.open(client), (call) => call.sendBytes(Uint8Array.from(bytes), true));
    }
  },
  "sends gzip that is none": (client, self) => {
    const call = self.open(client, [["grpc-encoding", "gzip"]]);
    self.mustFail(call, (one) => one.send(new Uint8Array(9), { compressed: true, halfClose: true }));
  },
  "asks for what is not there": (client, self) => {
    for (const path of ["/sim.v1.SimService/Nope", "//"]) {
      if (client.connection.canOpen) self.mustFail(client.start(path, { endStream: true }), () => {});
    }
    self.mustFail(self.open(client, [], "9".repeat(12)), (call) => call.halfClose());
  },
  "brings heaps of metadata": (client, self) => {
    const heap: [string, string][] = Array.from({ length: 10 }, (_, at) => [`x-heap-${at}`, "h".repeat(1_200)]);
    for (let count = 0; count < 12; count++) self.open(client, heap)?.send(new Uint8Array(2));
  },
  "registers by the dozen and says nothing": (client) => {
    for (let count = 0; count < manyCalls && client.connection.canOpen; count++) {
      client.start(simServices[0]?.registerPath ?? "");
    }
  },
  "sends less than it says": (client, self) => {
    for (let count = 0; count < 10; count++)
      self.open(client)?.sendBytes(rawMessage(new Uint8Array(900)).subarray(0, 500));
  },
  "speaks no HTTP/2": (_client, self, link) => {
    if (link.leftHeld) return;
    const noise = self.random.randomBytes(400);
    link.leftEnd.write(noise, noise.length);
  },
};
const names = Object.keys(tricks);

/** A client that breaks rules, and whose calls nobody planned. Nobody else may notice. */
export class HostileClient {
  readonly process: SimProcess;
  readonly random: SeededRandom;
  readonly #network: Network;
  readonly #links: SimLink[] = [];
  #client: TestClient | undefined;
  #attempts = 0;
  #calls = 0;

  constructor(network: Network, letter: string) {
    const { world } = network;
    this.#network = network;
    this.random = world.fork();
    this.process = world.process(`${hostilePrefix}${letter}`);
    this.#later(world.scenario.activeMs * 0.5);
  }

  /** It is gone, and its connections with it. */
  stop(): void {
    this.process.die();
    for (const link of this.#links) if (!link.isOver) link.abandon("left");
  }

  /** Opens a call that will not last; undefined if the connection takes none. */
  open(
    client: TestClient,
    metadata: readonly (readonly [string, string])[] = [],
    timeout = "900m",
  ): TestCall | undefined {
    const [method] = simServices[0]?.methods ?? [];
    if (!client.connection.canOpen || method === undefined) return undefined;
    const key = String(strangerKey + this.#calls++);
    return client.start(simPath(method), { metadata: [["x-key", key], ...metadata], timeout });
  }

  /** Opens one, with a message. */
  get(client: TestClient): TestCall | undefined {
    const call = this.open(client);
    call?.send(wrapContent(writeContent({ call: 0, sequence: 0, execution: 0 }, 10)), { halfClose: true });
    return call;
  }

  /** Does with a call what may not come to OK. */
  mustFail(call: TestCall | undefined, act: (call: TestCall) => void): void {
    if (call === undefined) return;
    act(call);
    const { world } = this.#network;
    this.process.after(1_000, () => {
      if (call.status?.code === 0) world.violate("hostile", `${this.process.name} got an OK for nonsense`);
    });
  }

  #later(withinMs: number): void {
    if (this.#attempts++ < maxAttempts) this.process.after(this.random.random() * withinMs, () => this.#act());
  }

  #act(): void {
    const { routers, world } = this.#network;
    const router = routers[this.random.integer(routers.length)];
    let link = this.#links.at(-1);
    let client = this.#client;
    if (client === undefined || link === undefined || link.isOver || client.closeReason !== undefined) {
      link = router && this.#network.connect(this.process, router);
      if (link === undefined) {
        this.process.after(retryMs, () => this.#act());
        return;
      }
      this.#links.push(link);
      client = createTestClient(
        createListeningEnd(link, () => {}),
        this.process,
      );
      this.#client = client;
    }
    const name = names[this.random.integer(names.length)] ?? "";
    world.note(this.process.name, `${name} on ${link.name}`);
    tricks[name]?.(client, this, link);
    this.#later(500);
  }
}
