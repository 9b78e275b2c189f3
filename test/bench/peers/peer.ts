// SPDX-License-Identifier: Apache-2.0
import type { Link } from "../../harness/link.ts";

/** What can be measured; `bridge` and `router+bridge` are our own stack with other processes counted. */
export type PeerName =
  | "router"
  | "bridge"
  | "router+bridge"
  | "haproxy"
  | "nginx"
  | "envoy"
  | "grpc-go-proxy"
  | "relay"
  | "backend"
  | "grpc-js"
  | "connect-node"
  | "grpc-go";

/** A peer and how it is set up. */
export interface PeerSpec {
  readonly name: PeerName;
  /** TLS on both sides. Default: h2c. */
  readonly tls?: boolean;
  /** Instances behind a router. Default 1. */
  readonly instances?: number;
  /** Services that they register. Default: Echo and streams. */
  readonly services?: readonly ("echo" | "stream" | "many")[];
  /**
   * "off": everything of the router that can be switched off is; "on": nothing is, in a process that has done nothing else;
   * "traced": that, and spans of one call in a hundred are sent to a collector; "unobserved": no metrics, all else.
   * Default: the router of all cases, which costs a little more once it has seen loads of all kinds.
   */
  readonly features?: "on" | "off" | "traced" | "unobserved";
  /** Runs under valgrind, which counts its instructions. Default false. */
  readonly callgrind?: boolean;
  /** Longest message, in bytes. Default: each one's own limit. */
  readonly maxMessageBytes?: number;
  /** Calls that an instance may have open. Default: the router's own. */
  readonly maxOpenCalls?: number;
}

/** A peer that runs. */
export interface RunningPeer {
  readonly port: number;
  /** PEM file of its authority; undefined over h2c. */
  readonly ca: string | undefined;
  /** Processes whose CPU time counts. */
  readonly pids: readonly number[];
  /** The process whose memory counts. */
  readonly pid: number;
  /** Questions to the measured process, where it answers any (see `processAnswers`). */
  readonly link: Link | undefined;
  /** How its router can be reached by instances; undefined for others. */
  readonly routerUrl: string | undefined;
  stop(): Promise<void>;
}

/** A kind of peer. */
export interface PeerKind {
  /** For tables. */
  readonly title: string;
  /** Why it cannot be measured here; undefined if it can. */
  missing(): string | undefined;
  /** Program, version and what is not default about it. */
  describe(): Promise<string>;
  start(spec: PeerSpec, rig: Rig): Promise<RunningPeer>;
}

/** What peers share. */
export interface Rig {
  /** Puts a program on the processor of the measured process. */
  readonly measured: readonly string[];
  /** Puts a program on the processor of clients, backends and instances. */
  readonly others: readonly string[];
  /** Certificate and key of everything that speaks TLS; `both` in one file. */
  readonly certificate: { readonly cert: string; readonly key: string; readonly both: string };
  /** A folder for settings, removed at the end. */
  readonly folder: string;
  /** Port of the server behind the proxies, started at the first call. */
  backend(tls: boolean): Promise<number>;
}

/** A name for a peer with its set-up: the same for the same. */
export function peerKey(spec: PeerSpec): string {
  const { name, ...settings } = spec;
  const words = Object.entries(settings)
    .filter(([, value]) => value !== undefined && value !== false)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([key, value]) => (value === true ? key : `${key}=${value}`));
  return [name, ...words].join(" ");
}
