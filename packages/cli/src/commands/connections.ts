// SPDX-License-Identifier: Apache-2.0

import { toJson } from "@bufbuild/protobuf";
import { type Connection, ConnectionRole, ListConnectionsResponseSchema } from "@grpc-router/node";
import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { type AdminClient, askAdmin } from "../admin/ask-admin.js";
import type { Io } from "../io.js";
import { formatTable } from "../output/format-table.js";
import { formatAge, formatBytes } from "../output/format-units.js";
import { formatShown, type OutputFormat, outputOption } from "../output/print.js";
import { type WatchFlags, watchOption, writeRepeatedly } from "../output/watch.js";

interface ConnectionsFlags extends AdminFlags, WatchFlags {
  readonly output: OutputFormat;
}

const examples = `
Examples:
  grpc-router connections
  grpc-router connections -o json
  grpc-router connections --watch

The number of a connection is what trace asks for.`;

/** `grpc-router connections`: who is connected, clients and instances. */
export function connectionsCommand(io: Io): Command {
  return withAdminFlags(new Command("connections"))
    .description("list the connections that are open at a router, of clients and instances, oldest first")
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText("after", examples)
    .action((flags: ConnectionsFlags) =>
      askAdmin(flags, io, (client) => writeRepeatedly(io, flags, () => list(client, flags.output))),
    );
}

async function list(client: AdminClient, output: OutputFormat): Promise<string> {
  const response = await client.listConnections({});
  return formatShown(output, {
    text: () => formatConnections(response.connections),
    data: () => toJson(ListConnectionsResponseSchema, response),
  });
}

function formatConnections(connections: readonly Connection[]): string {
  if (connections.length === 0) return "No connection is open.\n";
  return formatTable([
    ["CONNECTION", "PEER", "ROLE", "AGE", "STREAMS", "RECEIVED", "SENT", "INSTANCES"],
    ...connections.map((connection) => [
      `${connection.id}`,
      connection.peerAddress,
      nameOfRole(connection.role),
      formatAge(connection.age),
      `${connection.openStreams}`,
      formatBytes(connection.receivedBytes),
      formatBytes(connection.sentBytes),
      connection.instances.join(", ") || "-",
    ]),
  ]);
}

/** A word for people. */
export function nameOfRole(role: ConnectionRole): string {
  return role === ConnectionRole.INSTANCE ? "instance" : "client";
}
