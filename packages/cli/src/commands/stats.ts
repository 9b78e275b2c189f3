// SPDX-License-Identifier: Apache-2.0

import { toJsonString } from "@bufbuild/protobuf";
import { GetEngineStatsResponseSchema } from "@grpc-router/node";
import { Command, Option } from "commander";
import type { Io } from "../io.js";
import { askAdmin, defaultAdminUrl } from "./ask-admin.js";
import { formatStats } from "./stats-table.js";

interface StatsFlags {
  readonly admin: string;
  readonly all: boolean;
  readonly output: "table" | "json";
}

const examples = `
Examples:
  grpc-router stats
  grpc-router stats --all
  grpc-router stats --admin http://127.0.0.1:9001 -o json`;

/** `grpc-router stats`: what HTTP/2 did in a running router, and which limits were hit. */
export function statsCommand(io: Io): Command {
  return new Command("stats")
    .description("show what HTTP/2 did in a router since its start: streams, resets, GOAWAYs, limits that were hit")
    .option("--admin <url>", "the router's admin API", defaultAdminUrl)
    .option("--all", "also the limits that were not hit, with the value in force", false)
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText("after", examples)
    .action(async ({ admin, all, output }: StatsFlags) => {
      const response = await askAdmin(admin, (client) => client.getEngineStats({}));
      if (output === "json") io.out(`${toJsonString(GetEngineStatsResponseSchema, response, { prettySpaces: 2 })}\n`);
      else io.out(formatStats(response, all));
    });
}
