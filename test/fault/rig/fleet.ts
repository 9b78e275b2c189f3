// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../harness/ports.ts";
import { type RouterProcess, type RouterProcessOptions, startRouter } from "../../harness/stack.ts";
import { requireTool } from "../../harness/tools.ts";
import type { CallOrder, ClientCommand, InstanceCommand } from "../processes/command.ts";
import { Journal } from "./journal.ts";
import { startTold, type ToldProcess } from "./told-process.ts";
import { DirectWiring, type Wiring } from "./wiring.ts";

const instanceProgram = fileURLToPath(new URL("../processes/instance-process.ts", import.meta.url));
const clientProgram = fileURLToPath(new URL("../processes/client-process.ts", import.meta.url));

/** The two kinds of client: grpc-js, grpc-go. */
export type ClientName = "node" | "go";
export const clientNames: readonly ClientName[] = ["node", "go"];

export interface FleetOptions {
  /** Where the ledgers go. */
  readonly folder: string;
  readonly wiring?: Wiring | undefined;
  /** Default a, b, c. */
  readonly instances?: readonly string[] | undefined;
  /** Calls that each instance takes at once. Default: not stated. */
  readonly capacity?: number | undefined;
  readonly router?: RouterProcessOptions | undefined;
  readonly clients?: readonly ClientName[] | undefined;
  /** More arguments of a process, by its name: faults that the checker must find. */
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** One process of an instance. */
export interface InstanceProcess extends ToldProcess<InstanceCommand> {
  readonly id: string;
  /** When a fault began that can make the router give it up. */
  disturbedMs: number | undefined;
  isStopped: boolean;
}

/** One process of a client. */
export type ClientProcess = ToldProcess<ClientCommand>;

/** Milliseconds between two looks at the router's channels. */
const lookMs = 50;

/** Milliseconds that calls get at a drain of the router or an instance. */
export const graceMs = 20_000;

/** A router, instances and clients, each a process of its own. */
export class Fleet {
  readonly journal = new Journal();
  /** All processes of instances that there ever were; the newest of each id is in `instances`. */
  readonly processes: InstanceProcess[] = [];
  readonly instances = new Map<string, InstanceProcess>();
  readonly clients = new Map<ClientName, ClientProcess>();
  /** All processes of clients that there ever were. */
  readonly clientProcesses: ClientProcess[] = [];
  readonly wiring: Wiring;
  /** Every call that was ever ordered. */
  readonly calls: { readonly id: string; readonly client: ClientProcess }[] = [];
  readonly #options: FleetOptions;
  #router: RouterProcess | undefined;
  #port = 0;
  #tokens = 0;
  /** New processes hold no calls. */
  #isReleased = false;

  private constructor(options: FleetOptions) {
    this.#options = options;
    this.wiring = options.wiring ?? new DirectWiring();
  }

  /** Starts everything and waits until all are connected. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    try {
      fleet.#port = await freePort();
      await fleet.wiring.lay(fleet.#port);
      await fleet.startRouter();
      const started = await Promise.allSettled([
        ...(options.instances ?? ["a", "b", "c"]).map((id) => fleet.startInstance(id)),
        ...(options.clients ?? clientNames).map((name) => fleet.startClient(name)),
      ]);
      const failed = started.find((one) => one.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  /** Calls that each instance takes at once. */
  get capacity(): number | undefined {
    return this.#options.capacity;
  }

  get router(): RouterProcess {
    if (this.#router === undefined) throw new Error("Cannot use the router: it must have been started");
    return this.#router;
  }

  /** Starts the router, or a new one on the port of the last. */
  async startRouter(): Promise<void> {
    const { router = {} } = this.#options;
    const common = { port: this.#port, host: this.wiring.routerHost, graceMs, linked: true };
    this.#router = await startRouter({ ...common, ...router });
  }

  /** Starts a process of the instance `id`, beside the one that may be there; it becomes the one of that id. */
  async startInstance(id: string): Promise<InstanceProcess> {
    const { folder, capacity, extra } = this.#options;
    const earlier = this.processes.filter((process) => process.id === id).length;
    const name = earlier === 0 ? id : `${id}.${earlier + 1}`;
    const ledger = join(folder, `instance-${name}.jsonl`);
    const args = [
      ...["--url", `http://${this.wiring.instanceAddress(id)}`, "--id", id, "--ledger", ledger],
      ...["--grace-ms", `${graceMs}`],
      ...(capacity === undefined ? [] : ["--capacity", `${capacity}`]),
      ...(this.#isReleased ? [] : ["--hold"]),
      ...(extra?.[name] ?? []),
    ];
    const [command = "", ...rest] = [...this.wiring.instancePrefix(id), process.execPath, instanceProgram, ...args];
    const started = await startTold<InstanceCommand>(command, {
      ...{ name, ledger, journal: this.journal, args: rest, ready: "registered" },
    });
    const instance = { ...started, id, disturbedMs: undefined, isStopped: false };
    if (this.#isReleased) instance.tell({ do: "release" }); // it may have been released while it started
    this.processes.push(instance);
    this.instances.set(id, instance);
    return instance;
  }

  /** Starts a client, or a new one in the place of one that has gone. */
  async startClient(kind: ClientName): Promise<void> {
    const earlier = this.clientProcesses.filter(({ name }) => name.startsWith(kind)).length;
    const name = earlier === 0 ? kind : `${kind}.${earlier + 1}`;
    const ledger = join(this.#options.folder, `client-${name}.jsonl`);
    const program = kind === "go" ? [requireTool("fault-client")] : [process.execPath, clientProgram];
    const own = ["--address", this.wiring.clientAddress(), "--ledger", ledger, ...(this.#options.extra?.[name] ?? [])];
    const [command = "", ...args] = [...this.wiring.clientPrefix(), ...program, ...own];
    const { journal } = this;
    const client = await startTold<ClientCommand>(command, { name, ledger, journal, args, ready: "ready" });
    this.clientProcesses.push(client);
    this.clients.set(kind, client);
  }

  client(kind: ClientName): ClientProcess {
    const client = this.clients.get(kind);
    if (client === undefined) throw new Error(`Cannot use client ${kind}: it must have been started`);
    return client;
  }

  instance(id: string): InstanceProcess {
    const instance = this.instances.get(id);
    if (instance === undefined) throw new Error(`Cannot use instance ${id}: it must have been started`);
    return instance;
  }

  /** Begins a call and returns its id. */
  call(kind: ClientName, order: Partial<CallOrder> & Pick<CallOrder, "method">): string {
    const call = `${kind}-${this.calls.length + 1}`;
    const client = this.client(kind);
    this.calls.push({ id: call, client });
    const defaults = { deadlineMs: 0, cancelAfterMs: 0, patient: false, bytes: 100, pauseAfter: 0, workMs: 0 } as const;
    const sends = /^(ClientStream|Bidi)/.test(order.method) ? 4 : 1;
    const replies = { replies: /^ServerStream/.test(order.method) ? 4 : 1, replyBytes: 100, hold: "" } as const;
    client.tell({ do: "call", ...defaults, ...replies, messages: sends, ...order, call });
    return call;
  }

  /** The clients go on with calls that they paused. */
  go(calls: readonly string[]): void {
    for (const { id, client } of this.calls) if (calls.includes(id)) client.tell({ do: "go", call: id });
  }

  /** Resolves when the router has read all that the clients sent so far. */
  async settled(): Promise<void> {
    await Promise.all(
      [...this.clients.values()].map((client) => {
        const token = ++this.#tokens;
        client.tell({ do: "settle", token });
        return this.journal.until("settled", (entry) => entry.event === "settled" && entry.token === token);
      }),
    );
  }

  /** What an instance says of itself. */
  async probe(instance: InstanceProcess): Promise<Record<string, number>> {
    const token = ++this.#tokens;
    instance.tell({ do: "probe", token });
    const entry = await this.journal.until(
      `${instance.name}'s probe`,
      (found) => found.event === "probe" && found.token === token,
    );
    const { event: _, by: __, token: ___, ...counts } = entry as unknown as Record<string, number>; // of instance-process.ts
    return counts;
  }

  /** Held calls go on, and none is held any more, new processes' neither. */
  release(): void {
    this.#isReleased = true;
    for (const process of this.processes) process.tell({ do: "release" });
  }

  /** Resolves with how long it took until the router knew of so many channels, in milliseconds. @throws Error if it did not. */
  async untilChannels(count: number, mostMs: number): Promise<number> {
    const startedMs = performance.now();
    for (;;) {
      const channels = await this.router.link.ask<readonly unknown[]>("instances");
      const tookMs = performance.now() - startedMs;
      if (channels.length === count) return tookMs;
      if (tookMs > mostMs)
        throw new Error(`the router had ${channels.length} channels after ${mostMs} ms, not ${count}`);
      await sleep(lookMs);
    }
  }

  /** From now on the router may give up these processes; default: all, as when the router itself is struck. */
  disturb(processes: readonly InstanceProcess[] = this.processes): void {
    for (const process of processes) process.disturbedMs ??= Date.now();
  }

  signal(instance: InstanceProcess, signal: NodeJS.Signals): void {
    if (signal === "SIGSTOP") instance.isStopped = true;
    if (signal === "SIGCONT") instance.isStopped = false;
    instance.running.kill(signal);
  }

  /** Whether a process was there to the end. */
  survived({ running }: { readonly running: { readonly pid: number } }): boolean {
    return existsSync(`/proc/${running.pid}`);
  }

  async stop(): Promise<void> {
    for (const process of this.processes) if (process.isStopped) this.signal(process, "SIGCONT");
    await Promise.all(this.processes.map(({ running }) => end(running)));
    await Promise.all(this.clientProcesses.map(({ running }) => end(running)));
    if (this.#router !== undefined) {
      this.#router.kill("SIGCONT");
      await end(this.#router);
    }
    await this.wiring.remove();
  }
}

/** Ends a process at once: what it has to say is in its ledger. */
async function end({ kill, exited }: Pick<RouterProcess, "kill" | "exited">): Promise<void> {
  kill("SIGKILL");
  await exited;
}
