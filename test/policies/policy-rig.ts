// SPDX-License-Identifier: Apache-2.0
// A router with policies and its instances, each a process of its own, and what the instances say they ran.
import { fileURLToPath } from "node:url";
import type { InstanceInfo, ServiceSettings } from "@grpc-router/node";
import type { FaultService } from "../faults/gen/faults/v1/faults_pb.ts";
import { type Running, startProcess } from "../harness/processes.ts";
import { requireTool } from "../harness/tools.ts";
import { type Kind, type PolicyClient, startClient } from "./clients.ts";
import type { Conduct, Ran } from "./conduct.ts";

const program = (name: string) => fileURLToPath(new URL(`./processes/${name}.ts`, import.meta.url));

/** Of `expect.poll`, in milliseconds. */
export const within = { timeout: 10_000, interval: 10 };

/** A run of a call, and who ran it. */
export interface Run extends Ran {
  readonly instance: string;
}

/** What a test starts; all of it ends with `stop`. */
export class PolicyRig {
  readonly router: Running;
  /** `host:port` */
  readonly address: string;
  /** Every run that an instance or server wrote down, oldest first. */
  readonly runs: Run[] = [];
  readonly #instances: Running[] = [];
  #lastToken = 0;
  readonly #stops: (() => Promise<void>)[] = [];

  static async start(settings: ServiceSettings<typeof FaultService>): Promise<PolicyRig> {
    const args = [program("router-process"), "--settings", JSON.stringify(settings)];
    const router = await startProcess(process.execPath, { args, ready: /^ready /, answers: {} });
    return new PolicyRig(router, router.line.slice("ready ".length));
  }

  private constructor(router: Running, address: string) {
    this.router = router;
    this.address = address;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Starts an instance and waits until the router has taken it. */
  async addInstance(id: string, conduct: Conduct = {}): Promise<Running> {
    const args = ["--url", this.url, "--id", id, "--conduct", JSON.stringify(conduct)];
    const instance = await startProcess(process.execPath, {
      args: [program("instance-process"), ...args],
      ready: /^registered/,
      answers: {},
      onLine: (line) => this.#note(id, line),
    });
    this.#instances.push(instance);
    return this.own(instance);
  }

  /** Starts a server that knows nothing of routers, written with `kind`; `address` is `host:port`. */
  async addServer(kind: Kind, id: string): Promise<Running & { readonly address: string }> {
    const [command, args] =
      kind === "grpc-go"
        ? [requireTool("policy-peer"), ["-server", id]]
        : [process.execPath, [program("grpc-js-server"), "--id", id]];
    const onLine = (line: string) => this.#note(id, line);
    const server = this.own(await startProcess(command, { args, ready: /^ready \d+$/, onLine }));
    return { ...server, address: `127.0.0.1:${server.line.slice("ready ".length)}` };
  }

  async addClient(kind: Kind, serviceConfig?: object): Promise<PolicyClient> {
    const client = await startClient(kind, this.address, serviceConfig);
    this.#stops.push(() => client.close());
    return client;
  }

  /** The instances that the router has. */
  instances(): Promise<readonly InstanceInfo[]> {
    return this.router.link.ask("instances");
  }

  /** Resolves when all that instances had written is read; each of them must run. */
  async untilRead(): Promise<void> {
    const token = ++this.#lastToken;
    await Promise.all(
      this.#instances.map(async ({ link, untilLine }) => {
        await link.ask("write", `read ${token}`);
        await untilLine(new RegExp(`^read ${token}$`));
      }),
    );
  }

  /** The runs of a call, oldest first. */
  runsOf(name: string): Run[] {
    return this.runs.filter((run) => run.name === name);
  }

  /** Ends with the rig. */
  own<Process extends Running>(process: Process): Process {
    this.#stops.push(() => process.stop());
    return process;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
    await this.router.stop();
  }

  #note(instance: string, line: string): void {
    if (line.startsWith("ran ")) this.runs.push({ ...(JSON.parse(line.slice("ran ".length)) as Ran), instance });
  }
}
