// SPDX-License-Identifier: Apache-2.0

import type { TraceFramesResponse } from "@grpc-router/node";
import { Command, Option } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { type AdminClient, askAdmin, untilStopped } from "../admin/ask-admin.js";
import { usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { durationOf } from "../output/format-units.js";
import { parseCount, parseSecondsMs } from "../parse/options.js";
import { nameOfRole } from "./connections.js";

interface TraceFlags extends AdminFlags {
  readonly instance?: string;
  readonly peer?: string;
  /** Milliseconds. */
  readonly seconds: number;
}

type Wanted =
  | { readonly case: "id"; readonly value: bigint }
  | { readonly case: "instance"; readonly value: string }
  | { readonly case: "peerAddress"; readonly value: string };

const examples = `
Examples:
  grpc-router trace 12
  grpc-router trace --instance users-1 --seconds 60
  grpc-router trace --peer 127.0.0.1:50312

grpc-router connections lists them. Each line has the seconds since the trace began, who sends (recv: the peer, send: the
router), type, stream, length, flags, content. Secrets are shown by their length, payload never.`;

/** `grpc-router trace`: the HTTP/2 frames of one connection of a running router. */
export function traceCommand(io: Io): Command {
  return withAdminFlags(new Command("trace"))
    .description("show the HTTP/2 frames of one connection, of a client or an instance, as they go")
    .argument("[connection]", "its number in grpc-router connections", parseCount)
    .option("--instance <id>", "the connection of this instance")
    .option("--peer <host:port>", "the connection from this address")
    .addOption(
      new Option("--seconds <count>", "how long, 3600 at most; Ctrl-C ends it sooner")
        .argParser(parseSecondsMs)
        .default(10_000, "10"),
    )
    .addHelpText("after", examples)
    .action((connection: number | undefined, flags: TraceFlags) => {
      const wanted = wantedOf(connection, flags);
      return askAdmin(flags, io, (client) => follow(client, wanted, flags.seconds, io));
    });
}

function wantedOf(connection: number | undefined, { instance, peer }: TraceFlags): Wanted {
  const all: Wanted[] = [
    ...(connection === undefined ? [] : [{ case: "id", value: BigInt(connection) } as const]),
    ...(instance === undefined ? [] : [{ case: "instance", value: instance } as const]),
    ...(peer === undefined ? [] : [{ case: "peerAddress", value: peer } as const]),
  ];
  const [wanted] = all;
  if (wanted !== undefined && all.length === 1) return wanted;
  throw usageError("Cannot trace: give one of the number of a connection, --instance ID or --peer host:port");
}

async function follow(client: AdminClient, connection: Wanted, durationMs: number, io: Io): Promise<void> {
  const request = { connection, duration: durationOf(durationMs) };
  for await (const response of untilStopped(io, (options) => client.traceFrames(request, options))) write(io, response);
}

function write(io: Io, { connection, lines, lost, ended }: TraceFramesResponse): void {
  if (connection !== undefined) {
    const { id, peerAddress, role } = connection;
    io.err(`Connection ${id}, ${nameOfRole(role)} ${peerAddress}\n`);
  }
  if (lost > 0n) io.err(`${lost} lines before these are lost: they came faster than they were read\n`);
  if (lines.length > 0) io.out(`${lines.join("\n")}\n`);
  if (ended) io.err("The connection has ended\n");
}
