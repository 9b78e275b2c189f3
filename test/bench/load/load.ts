// SPDX-License-Identifier: Apache-2.0
import type { Histogram } from "../measure/histogram.ts";

/** A closed loop: each connection keeps so many calls in flight. */
export interface Load {
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly streams: number;
  /** Bytes of the payload of each request message, and of its answer. Default 7. */
  readonly payloadBytes?: number;
  /** Everything below needs our own load program; a load without any of it is h2load's. */
  readonly special?: SpecialLoad;
}

/** What h2load cannot do. */
export interface SpecialLoad {
  readonly kind?: "unary" | "server" | "client" | "bidi";
  /** Messages of a stream. */
  readonly messages?: number;
  /** Server streaming: one message per stream and turn of the server, in place of bursts. */
  readonly thin?: boolean;
  /** Metadata entries of every call. */
  readonly metadata?: number;
  /** Another timeout and another trace id in every call. */
  readonly changing?: boolean;
  /** Methods that the calls take in turn. */
  readonly methods?: number;
  /** Share of the calls that are cancelled. */
  readonly cancel?: number;
  /** A connection for every call. */
  readonly churn?: boolean;
}

/** Where a load goes. */
export interface LoadTarget {
  readonly port: number;
  /** PEM file of the server's authority: TLS. Without it h2c. */
  readonly ca?: string | undefined;
}

/** What came of a load; every call was answered as it should be. */
export interface LoadResult {
  /** Calls that were made, the cancelled ones too. */
  readonly calls: number;
  /** Messages that came or went in streams; as many as calls otherwise. */
  readonly messages: number;
  /** From the first call to the last answer. */
  readonly seconds: number;
  /** Of our own load program. */
  readonly latency?: Histogram;
  /** How late our own load program began its calls, open loop only. */
  readonly late?: Histogram;
}

/** Path of the unary method that every target of the bench answers. */
export const benchPath = "/bench.v1.EchoService/Echo";

/** Path of the method that a load calls; with many methods, a format for the number. */
export function pathOf({ special = {} }: Load): string {
  if ((special.methods ?? 1) > 1) return "/bench.v1.ManyService/Echo%d";
  const kind = special.kind ?? "unary";
  const streams = { server: "Watch", client: "Collect", bidi: "Converse" } as const;
  return kind === "unary" ? benchPath : `/bench.v1.StreamService/${streams[kind]}`;
}
