// SPDX-License-Identifier: Apache-2.0
import { freePorts, untilListening } from "../../harness/ports.ts";
import { type Running, startProcess } from "../../harness/processes.ts";
import { requireTool } from "../../harness/tools.ts";
import { DirectWiring } from "./wiring.ts";

/** A toxic of toxiproxy, by its documentation's names, on both directions unless `stream` says one. */
export interface Toxic {
  readonly type: "latency" | "bandwidth" | "slicer" | "reset_peer" | "timeout" | "limit_data";
  readonly attributes: Readonly<Record<string, number>>;
  /** `upstream`: towards the router. Default: both. */
  readonly stream?: "upstream" | "downstream";
}

/** What a toxic disturbs: the instance `a`, or all clients. */
export type Leg = "instance" | "clients";

/** The instance that a fault of one instance strikes. */
export const victimId = "a";

/** Every instance, and the clients together, come to the router through a proxy of toxiproxy. */
export class ToxicWiring extends DirectWiring {
  #server: Running | undefined;
  #firstPort = 0;
  readonly #toxics: string[] = [];

  override async lay(routerPort: number): Promise<void> {
    await super.lay(routerPort);
    this.#firstPort = await freePorts(3);
    this.#server = await startProcess(requireTool("toxiproxy-server"), {
      args: ["-host", "127.0.0.1", "-port", `${this.#firstPort}`],
      env: { LOG_LEVEL: "error" },
    });
    await untilListening(this.#firstPort, "toxiproxy-server");
    for (const leg of ["instance", "clients"] as const) {
      const listen = `127.0.0.1:${this.#portOf(leg)}`;
      await this.#ask("POST", "/proxies", { name: leg, listen, upstream: `127.0.0.1:${routerPort}`, enabled: true });
    }
  }

  override instanceAddress(id: string): string {
    return id === victimId ? `127.0.0.1:${this.#portOf("instance")}` : super.instanceAddress(id);
  }

  override clientAddress(): string {
    return `127.0.0.1:${this.#portOf("clients")}`;
  }

  /** Puts a toxic on a leg until `heal`; on connections that stand, too. */
  async poison(leg: Leg, { type, attributes, stream }: Toxic): Promise<void> {
    for (const direction of stream === undefined ? (["upstream", "downstream"] as const) : [stream]) {
      const name = `${type}_${direction}`;
      await this.#ask("POST", `/proxies/${leg}/toxics`, { name, type, stream: direction, toxicity: 1, attributes });
      this.#toxics.push(`/proxies/${leg}/toxics/${name}`);
    }
  }

  override async heal(): Promise<void> {
    for (const toxic of this.#toxics.splice(0)) await this.#ask("DELETE", toxic);
  }

  override async remove(): Promise<void> {
    await this.#server?.stop();
  }

  #portOf(leg: Leg): number {
    return this.#firstPort + (leg === "instance" ? 1 : 2);
  }

  async #ask(method: string, path: string, body?: object): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#firstPort}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok)
      throw new Error(`toxiproxy answered ${method} ${path} with ${response.status}: ${await response.text()}`);
  }
}
