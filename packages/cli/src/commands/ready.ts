// SPDX-License-Identifier: Apache-2.0

import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { readAdminTarget } from "../admin/admin-target.js";
import { askPage } from "../admin/ask-page.js";
import { CliError, ExitCode } from "../cli-error.js";
import type { Io } from "../io.js";

interface ReadyFlags extends AdminFlags {
  readonly live?: true;
}

const examples = `
Needs no token. For the health check of a container:
  HEALTHCHECK CMD ["grpc-router", "ready"]`;

/** `grpc-router ready`: whether a router takes connections, as an exit code. */
export function readyCommand(io: Io): Command {
  return withAdminFlags(new Command("ready"))
    .description("end with 0 if a router accepts connections and does not drain, else with 1 and why")
    .option("--live", "only whether its process turns")
    .addHelpText("after", examples)
    .action(async (flags: ReadyFlags) => {
      const target = await readAdminTarget(flags, io);
      const path = flags.live === true ? "/live" : "/ready";
      const answer = await askPage(target, path, io);
      if (answer === undefined) {
        throw new CliError(
          ExitCode.failure,
          `No answer from ${target.url}. Start a router with an admin API or give its address with --admin`,
        );
      }
      if (answer.status !== 200) throw new CliError(ExitCode.failure, `Not ready: ${reasonOf(answer.text)}`);
      io.out(flags.live === true ? "live\n" : "ready\n");
    });
}

function reasonOf(text: string): string {
  const match = /"reason":"([^"]*)"/.exec(text);
  return match?.[1] ?? text.slice(0, 200);
}
