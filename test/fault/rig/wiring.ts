// SPDX-License-Identifier: Apache-2.0

/** How the processes of a scenario reach the router. */
export interface Wiring {
  /** Where the router shall listen. */
  readonly routerHost: string;
  /** Lays the wires to a router that will listen on `routerPort`. */
  lay(routerPort: number): Promise<void>;
  /** `host:port` for an instance. */
  instanceAddress(id: string): string;
  /** Goes before an instance's command. */
  instancePrefix(id: string): readonly string[];
  /** `host:port` for the clients. */
  clientAddress(): string;
  clientPrefix(): readonly string[];
  /** Takes back every fault of the wires. */
  heal(): Promise<void>;
  remove(): Promise<void>;
}

/** No wires: all on the loopback interface. */
export class DirectWiring implements Wiring {
  readonly routerHost: string = "127.0.0.1";
  protected routerPort = 0;

  async lay(routerPort: number): Promise<void> {
    this.routerPort = routerPort;
  }

  instanceAddress(_id: string): string {
    return `127.0.0.1:${this.routerPort}`;
  }

  instancePrefix(_id: string): readonly string[] {
    return [];
  }

  clientAddress(): string {
    return `127.0.0.1:${this.routerPort}`;
  }

  clientPrefix(): readonly string[] {
    return [];
  }

  async heal(): Promise<void> {}

  async remove(): Promise<void> {}
}
