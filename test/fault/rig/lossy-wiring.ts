// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { type Running, startProcess } from "../../harness/processes.ts";
import { requireTool } from "../../harness/tools.ts";
import { type Leg, victimId } from "./toxic-wiring.ts";
import { DirectWiring } from "./wiring.ts";

/** Begins the names of namespaces and devices; the id of the process that makes them follows. */
const mark = "gfault";
/** Where `ip` keeps them. */
const spaces = "/run/netns";

/**
 * The processes of one leg live in a network namespace of their own, from which a wire that can lose packets leads to the
 * router: two TUN devices with a program between them (`../go/lossy-link`).
 */
export class LossyWiring extends DirectWiring {
  override readonly routerHost: string = "0.0.0.0";
  readonly #leg: Leg;
  readonly #seed: number;
  readonly #space: string = `${mark}-${process.pid}`;
  readonly #near: string = `${mark}${process.pid}n`;
  readonly #far: string = `${mark}${process.pid}f`;
  /** Two addresses of a network of this process's own: benchmarking addresses (RFC 2544), which no real network uses. */
  readonly #net: string = `198.18.${process.pid % 256}`;
  #wire: Running | undefined;
  readonly #onExit = () => this.#removeSpace();

  constructor(leg: Leg, seed: number) {
    super();
    this.#leg = leg;
    this.#seed = seed;
  }

  override async lay(routerPort: number): Promise<void> {
    await super.lay(routerPort);
    removeStale();
    process.once("exit", this.#onExit);
    ip("netns", "add", this.#space);
    this.#wire = await startProcess(requireTool("lossy-link"), {
      args: ["-left", this.#near, "-right", this.#far, "-seed", `${this.#seed}`],
      input: true,
      ready: /^ready/,
    });
    ip("link", "set", this.#far, "netns", this.#space);
    ip("addr", "add", `${this.#net}.1/30`, "dev", this.#near);
    ip("link", "set", this.#near, "up");
    ip("-n", this.#space, "addr", "add", `${this.#net}.2/30`, "dev", this.#far);
    ip("-n", this.#space, "link", "set", this.#far, "up");
    ip("-n", this.#space, "link", "set", "lo", "up");
  }

  override instanceAddress(id: string): string {
    return this.#isFar("instance", id) ? `${this.#net}.1:${this.routerPort}` : super.instanceAddress(id);
  }

  override instancePrefix(id: string): readonly string[] {
    return this.#isFar("instance", id) ? ["ip", "netns", "exec", this.#space] : [];
  }

  override clientAddress(): string {
    return this.#isFar("clients", "") ? `${this.#net}.1:${this.routerPort}` : super.clientAddress();
  }

  override clientPrefix(): readonly string[] {
    return this.#isFar("clients", "") ? ["ip", "netns", "exec", this.#space] : [];
  }

  /** Loses this share of all packets from now on, both ways; 1: the wire is a black hole. */
  async lose(share: number): Promise<void> {
    this.#wire?.write(`${share}`);
    await this.#wire?.untilLine(new RegExp(`^loss ${share}$`));
  }

  /** Pulls the cable at the far end, or puts it back. */
  setLink(state: "up" | "down"): void {
    ip("-n", this.#space, "link", "set", this.#far, state);
  }

  override async heal(): Promise<void> {
    await this.lose(0);
    this.setLink("up");
  }

  override async remove(): Promise<void> {
    await this.#wire?.stop();
    this.#removeSpace();
    process.off("exit", this.#onExit);
  }

  #isFar(leg: Leg, id: string): boolean {
    return leg === this.#leg && (leg === "clients" || id === victimId);
  }

  #removeSpace(): void {
    try {
      ip("netns", "del", this.#space);
    } catch {
      // it was never made
    }
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

/** Removes what processes left that were killed. */
function removeStale(): void {
  for (const name of existsSync(spaces) ? readdirSync(spaces) : []) {
    const pid = new RegExp(`^${mark}-(\\d+)$`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) ip("netns", "del", name);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
