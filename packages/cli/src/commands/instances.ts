// SPDX-License-Identifier: Apache-2.0

import { toJson } from "@bufbuild/protobuf";
import { ListInstancesResponseSchema } from "@grpc-router/node";
import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { askAdmin } from "../admin/ask-admin.js";
import { usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { formatShown, type OutputFormat, outputOption } from "../output/print.js";
import { type WatchFlags, watchOption, writeRepeatedly } from "../output/watch.js";
import { formatInstances } from "./instances-table.js";

interface InstancesFlags extends AdminFlags, WatchFlags {
  readonly service: string;
  readonly output: OutputFormat;
}

const examples = `
Examples:
  grpc-router instances
  grpc-router instances --service acme.user.v1.UserService -o json
  grpc-router instances --watch
  grpc-router instances weight users-1 20
  grpc-router instances kick users-1 --reason "it hangs"
  grpc-router drain users-1`;

/** `grpc-router instances`: who is connected to a running router, and what an operator makes of it. */
export function instancesCommand(io: Io): Command {
  return withAdminFlags(new Command("instances"))
    .description("list the instances that are connected to a router, weigh or kick one")
    .option("--service <name>", "only this service", "")
    .addOption(outputOption())
    .addOption(watchOption())
    .addCommand(weightCommand(io))
    .addCommand(kickCommand(io))
    .addHelpText("after", examples)
    .action(async (flags: InstancesFlags) => {
      await askAdmin(flags, io, (client) =>
        writeRepeatedly(io, flags, async () => {
          const response = await client.listInstances({ service: flags.service });
          return formatShown(flags.output, {
            text: () => formatInstances(response.instances),
            data: () => toJson(ListInstancesResponseSchema, response),
          });
        }),
      );
    });
}

function weightCommand(io: Io): Command {
  return new Command("weight")
    .description("give an instance another weight than it states (100 unless it says otherwise)")
    .argument("<id>", "id of the instance")
    .argument("<weight>", "1 to 1000000; own: the one that it states counts again")
    .action(async (id: string, text: string, _: object, command: Command) => {
      const flags = command.optsWithGlobals<InstancesFlags>();
      const weight = text === "own" ? {} : { weight: parseWeight(text) };
      const { services } = await askAdmin(flags, io, (client) =>
        client.setInstanceWeight({ id, service: flags.service, ...weight }),
      );
      const has = text === "own" ? "the weight that it states" : `the weight ${text}`;
      io.out(`${id} has ${has} for ${services.join(", ")}\n`);
    });
}

function kickCommand(io: Io): Command {
  return new Command("kick")
    .description("close the channels of an instance; it may come back at once. To take it out, drain it")
    .argument("<id>", "id of the instance")
    .option("--reason <text>", "for the router's log and events", "")
    .action(async (id: string, { reason }: { readonly reason: string }, command: Command) => {
      const flags = command.optsWithGlobals<InstancesFlags>();
      const { services } = await askAdmin(flags, io, (client) =>
        client.kickInstance({ id, service: flags.service, reason }),
      );
      io.out(`${id} is kicked from ${services.join(", ")}\n`);
    });
}

function parseWeight(text: string): number {
  const weight = Number(text);
  if (/^\d{1,7}$/.test(text) && weight >= 1 && weight <= 1_000_000) return weight;
  throw usageError(`Cannot weigh: the weight must be 1 to 1000000, or own, received ${text}`);
}
