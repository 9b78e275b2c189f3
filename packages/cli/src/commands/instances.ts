// SPDX-License-Identifier: Apache-2.0

import { toJsonString } from "@bufbuild/protobuf";
import { ListInstancesResponseSchema } from "@grpc-router/node";
import { Command, Option } from "commander";
import type { Io } from "../io.js";
import { askAdmin, defaultAdminUrl } from "./ask-admin.js";
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
    .option("--admin <url>", "the router's admin API", defaultAdminUrl)
    .option("--service <name>", "only instances of this service", "")
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText("after", examples)
    .action(async ({ admin, service, output }: InstancesFlags) => {
      const response = await askAdmin(admin, (client) => client.listInstances({ service }));
      if (output === "json") io.out(`${toJsonString(ListInstancesResponseSchema, response, { prettySpaces: 2 })}\n`);
      else io.out(formatInstances(response.instances));
    });
}
