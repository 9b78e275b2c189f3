// SPDX-License-Identifier: Apache-2.0

import { toJsonString } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AdminService, ListInstancesResponseSchema } from "@grpc-router/node";
import { Command, Option } from "commander";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { formatInstances } from "./instances-table.js";

interface InstancesFlags {
  readonly admin: string;
  readonly service: string;
  readonly output: "table" | "json";
}

const examples = `
Examples:
  grpc-router instances
  grpc-router instances --service acme.user.v1.UserService -o json
  grpc-router instances --admin http://127.0.0.1:9001`;

/** `grpc-router instances`: who is connected to a running router. */
export function instancesCommand(io: Io): Command {
  return new Command("instances")
    .description("list the instances that are connected to a router")
    .option("--admin <url>", "the router's admin API", "http://127.0.0.1:8081")
    .option("--service <name>", "only instances of this service", "")
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText("after", examples)
    .action(async (flags: InstancesFlags) => {
      const response = await list(flags);
      if (flags.output === "json")
        io.out(`${toJsonString(ListInstancesResponseSchema, response, { prettySpaces: 2 })}\n`);
      else io.out(formatInstances(response.instances));
    });
}

async function list(flags: InstancesFlags): Promise<Awaited<ReturnType<Client<typeof AdminService>["listInstances"]>>> {
  if (!/^https?:\/\/[^/]+\/?$/.test(flags.admin)) {
    throw usageError(`Cannot ask the router: --admin must be http://host:port, received ${flags.admin}`);
  }
  const transport = createConnectTransport({ baseUrl: flags.admin, httpVersion: "1.1", defaultTimeoutMs: 10_000 });
  try {
    return await createClient(AdminService, transport).listInstances({ service: flags.service });
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    const refused = code === Code.Unavailable;
    const hint = refused
      ? "connection refused. Start a router with an admin API or give its address with --admin"
      : rawMessage;
    throw new CliError(ExitCode.failure, `Cannot ask the router at ${flags.admin}: ${hint}`, error);
  }
}
