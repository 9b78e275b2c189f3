// SPDX-License-Identifier: Apache-2.0

import { toJson } from "@bufbuild/protobuf";
import { GetEngineStatsResponseSchema, GetPolicyStatsResponseSchema } from "@grpc-router/node";
import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { askAdmin } from "../admin/ask-admin.js";
import type { Io } from "../io.js";
import { type OutputFormat, outputOption, print } from "../output/print.js";
import { formatPolicyStats } from "./policy-stats-table.js";
import { formatStats } from "./stats-table.js";

interface StatsFlags extends AdminFlags {
  readonly all: boolean;
  readonly output: OutputFormat;
}

const examples = `
Examples:
  grpc-router stats
  grpc-router stats --all
  grpc-router stats --admin http://127.0.0.1:9001 -o json`;

/** `grpc-router stats`: what HTTP/2 and policies did in a running router, and which limits were hit. */
export function statsCommand(io: Io): Command {
  return withAdminFlags(new Command("stats"))
    .description("show what a router did since its start: streams, resets, GOAWAYs, limits that were hit, policies")
    .option("--all", "also what was never hit, with the value in force", false)
    .addOption(outputOption())
    .addHelpText("after", examples)
    .action(async (flags: StatsFlags) => {
      const { engine, policies } = await askAdmin(flags, io, async (client) => {
        return { engine: await client.getEngineStats({}), policies: await client.getPolicyStats({}) };
      });
      print(io, flags.output, {
        text: () => formatStats(engine, flags.all) + formatPolicyStats(policies, flags.all),
        data: () => ({
          ...jsonObject(toJson(GetEngineStatsResponseSchema, engine)),
          policies: toJson(GetPolicyStatsResponseSchema, policies),
        }),
      });
    });
}

/** The JSON of a message is an object. */
function jsonObject<Value>(value: Value): Value & object {
  if (typeof value === "object" && value !== null) return value;
  throw new Error("The JSON of a message must be an object");
}
