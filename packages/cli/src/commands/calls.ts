// SPDX-License-Identifier: Apache-2.0

import { toJson } from "@bufbuild/protobuf";
import { GetCallStatsResponseSchema, ListCallsResponseSchema } from "@grpc-router/node";
import { Command, Option } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { type AdminClient, askAdmin } from "../admin/ask-admin.js";
import { usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { durationOf } from "../output/format-units.js";
import { formatShown, type OutputFormat, outputOption } from "../output/print.js";
import { type WatchFlags, watchOption, writeRepeatedly } from "../output/watch.js";
import { parseCount, parseDurationMs } from "../parse/options.js";
import { formatCallStats, formatCalls } from "./calls-table.js";

interface CallsFlags extends AdminFlags, WatchFlags {
  readonly slow?: number;
  readonly method: string;
  readonly instance?: string;
  readonly limit?: number;
  readonly byMethod?: true;
  readonly output: OutputFormat;
}

const examples = `
Examples:
  grpc-router calls
  grpc-router calls --slow 1s --watch
  grpc-router calls --method acme.user.v1.UserService/GetUser --limit 20
  grpc-router calls --by-method`;

/** `grpc-router calls`: the calls that a running router has, or what became of all that came. */
export function callsCommand(io: Io): Command {
  return withAdminFlags(new Command("calls"))
    .description("list the calls that are open at a router, oldest first, or count all since its start")
    .addOption(
      new Option("--slow <duration>", "only calls that are open so long, such as 1s").argParser(parseDurationMs),
    )
    .option("--method <name>", "only this pkg.Service/Method, or pkg.Service", "")
    .option("--instance <id>", "only those that this instance has")
    .addOption(new Option("--limit <count>", "this many at most; default and most 1000").argParser(parseCount))
    .option("--by-method", "counts since the start instead: calls by method and status, and their latency")
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText("after", examples)
    .action(async (flags: CallsFlags) => {
      if (flags.byMethod === true && (flags.slow ?? flags.instance ?? flags.limit) !== undefined) {
        throw usageError(
          "Cannot list calls: --by-method goes with --method only, not with --slow, --instance or --limit",
        );
      }
      const take = flags.byMethod === true ? countCalls : listCalls;
      await askAdmin(flags, io, (client) => writeRepeatedly(io, flags, () => take(client, flags)));
    });
}

async function listCalls(client: AdminClient, flags: CallsFlags): Promise<string> {
  const { slow, method, instance = "", limit = 0, output } = flags;
  const age = slow === undefined ? {} : { olderThan: durationOf(slow) };
  const response = await client.listCalls({ method, instance, limit, ...age });
  return formatShown(output, {
    text: () => formatCalls(response.calls, response.matched),
    data: () => toJson(ListCallsResponseSchema, response),
  });
}

async function countCalls(client: AdminClient, { method, output }: CallsFlags): Promise<string> {
  const response = await client.getCallStats({ method });
  return formatShown(output, {
    text: () => formatCallStats(response.methods),
    data: () => toJson(GetCallStatsResponseSchema, response),
  });
}
