// SPDX-License-Identifier: Apache-2.0

import { toJson } from "@bufbuild/protobuf";
import { GetLogLevelResponseSchema } from "@grpc-router/node";
import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { askAdmin } from "../admin/ask-admin.js";
import type { Io } from "../io.js";
import { formatTable } from "../output/format-table.js";
import { type OutputFormat, outputOption, print } from "../output/print.js";

interface LogLevelFlags extends AdminFlags {
  readonly output: OutputFormat;
}

const examples = `
Levels: debug, info, warn, error, silent. What is set here counts until the router ends.

Examples:
  grpc-router log-level
  grpc-router log-level debug
  grpc-router log-level policy=debug
  grpc-router log-level policy=`;

/** `grpc-router log-level`: what a running router writes to its log. */
export function logLevelCommand(io: Io): Command {
  return withAdminFlags(new Command("log-level"))
    .description("show or change what a router writes to its log, for everything or one module")
    .argument("[level]", "a level, module=level, or module= for a module that is to be as all others")
    .addOption(outputOption())
    .addHelpText("after", examples)
    .action(async (text: string | undefined, flags: LogLevelFlags) => {
      const levels = await askAdmin(flags, io, async (client) => {
        if (text !== undefined) await client.setLogLevel(parseSpec(text));
        return client.getLogLevel({});
      });
      print(io, flags.output, {
        text: () =>
          formatTable([
            ["MODULE", "LEVEL"],
            ...levels.knownModules.map((name) => [name, levels.modules[name] ?? levels.level]),
          ]),
        data: () => toJson(GetLogLevelResponseSchema, levels),
      });
    });
}

function parseSpec(text: string): { readonly module: string; readonly level: string } {
  const at = text.indexOf("=");
  return at < 0 ? { module: "", level: text } : { module: text.slice(0, at), level: text.slice(at + 1) };
}
