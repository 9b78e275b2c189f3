// SPDX-License-Identifier: Apache-2.0
import { createTestClient, type TestClient } from "../test-client.js";
import type { CallPlan } from "./call-plan.js";
import { createListeningEnd } from "./listening-end.js";
import type { Network } from "./network.js";
import { SimCall } from "./sim-call.js";
import type { SimLink } from "./sim-link.js";
import type { SimProcess } from "./sim-process.js";
import type { SimRouter } from "./sim-router.js";
import type { World } from "./world.js";

/** A connection of a client and the calls on it. */
interface ClientConnection {
  readonly client: TestClient;
  readonly link: SimLink;
  readonly router: SimRouter;
  readonly calls: Set<SimCall>;
}

/** How soon a client tries again to reach a router. */
const retryMs = 50;

/** A process with a gRPC client: makes its planned calls, on a new connection when the old one is gone or goes away. */
export class SimClient {
  readonly process: SimProcess;
  readonly calls: SimCall[] = [];
  readonly #world: World;
  readonly #network: Network;
  /** Window of each of its streams. */
  readonly windowBytes: number;
  #connections: ClientConnection[] = [];

  constructor(network: Network, name: string, plans: readonly CallPlan[]) {
    const { world } = network;
    this.#network = network;
    this.#world = world;
    this.process = world.process(name);
    this.windowBytes = world.random.integer(3) === 0 ? 65_535 : 1_048_576;
    for (const plan of plans) {
      const call = new SimCall(world, plan, this.process);
      this.calls.push(call);
      this.process.after(plan.startMs - world.nowMs, () => this.#start(call));
    }
  }

  /** Links that are not over. */
  get links(): SimLink[] {
    return this.#connections.map(({ link }) => link).filter((link) => !link.isOver);
  }

  /** Leaves: all connections and the calls on them are over. */
  reset(): void {
    for (const { link } of this.#connections) link.reset();
  }

  /** Ends its connections in good order. */
  close(): void {
    for (const { client } of this.#connections) {
      if (client.closeReason === undefined) client.connection.close(0, "done");
    }
  }

  /** Goes on with everything that a fault has held up, so that all calls can end. */
  finish(): void {
    for (const call of this.calls) call.finish();
  }

  /** Streams that are open though no call is. */
  get openStreams(): number {
    return this.#connections.reduce(
      (sum, { client }) => sum + (client.closeReason === undefined ? client.connection.openStreams : 0),
      0,
    );
  }

  #start(call: SimCall): void {
    const connection = this.#connection();
    if (connection === undefined) {
      this.process.after(retryMs, () => this.#start(call));
      return;
    }
    connection.calls.add(call);
    call.start(connection.client, connection.link, () => this.#look(connection));
  }

  /** A connection that takes calls, a new one if need be; undefined if the router cannot be reached. */
  #connection(): ClientConnection | undefined {
    this.#connections = this.#connections.filter(
      ({ client, calls }) => client.closeReason === undefined || calls.size > 0,
    );
    const usable = this.#connections.find(
      ({ client, link }) =>
        client.closeReason === undefined && client.goaways.length === 0 && client.connection.canOpen && !link.isOver,
    );
    if (usable !== undefined) return usable;
    const { routers } = this.#network;
    const router = routers[this.#world.random.integer(routers.length)];
    if (router === undefined || router.isLeaving) return undefined;
    const link = this.#network.connect(this.process, router);
    if (link === undefined) return undefined;
    let onRead: () => void = () => {};
    const end = createListeningEnd(link, () => onRead());
    const client = createTestClient(end, this.process, { initialWindowBytes: this.windowBytes });
    const connection = { client, link, router, calls: new Set<SimCall>() };
    onRead = () => this.#look(connection);
    this.#connections.push(connection);
    return connection;
  }

  #look(connection: ClientConnection): void {
    const { calls, client } = connection;
    for (const call of calls) if (call.look()) calls.delete(call);
    const reason = client.closeReason;
    // Over a link that is mute in one direction it may look as if it were gone.
    if (connection.link.wasLongTroubled) return;
    if (reason !== undefined && reason.code !== 0 && reason.by !== "transport") {
      this.#world.violate("honest", `${this.process.name} was cut off by ${connection.router.name}: ${reason.message}`);
    }
  }
}
