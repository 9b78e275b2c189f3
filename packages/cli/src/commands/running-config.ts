// SPDX-License-Identifier: Apache-2.0

import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { askAdmin } from "../admin/ask-admin.js";
import { CliError, ExitCode } from "../cli-error.js";
import type { Io } from "../io.js";

/** `grpc-router config running`: what a router runs by. */
export function runningConfigCommand(io: Io): Command {
  return withAdminFlags(new Command("running"))
    .description("the configuration that a running router has in force, secrets masked")
    .action(async (flags: AdminFlags) => {
      const { generation, files, yaml } = await askAdmin(flags, io, (client) => client.getConfig({}));
      io.out(`# generation ${generation}, of ${files.join(", ")}\n${yaml}`);
    });
}

interface ReloadFlags extends AdminFlags {
  readonly check?: true;
}

/** `grpc-router config reload`: makes a router read its configuration files again. */
export function reloadConfigCommand(io: Io): Command {
  return withAdminFlags(new Command("reload"))
    .description("make a running router read its configuration files again; taken as a whole, or not at all")
    .option("--check", "only say what would become of it")
    .action(async (flags: ReloadFlags) => {
      const outcome = await askAdmin(flags, io, async (client) => {
        return (flags.check === true ? await client.validateConfig({}) : await client.reloadConfig({})).outcome;
      });
      const { taken = false, generation = 0n, changes = [], reasons = [] } = outcome ?? {};
      for (const line of taken ? changes : reasons) io.out(`${line}\n`);
      if (!taken) {
        const would = flags.check === true ? "would stay" : "stays";
        throw new CliError(ExitCode.failure, `Generation ${generation} ${would} in force, for what stands above`);
      }
      const count = changes.length === 1 ? "1 change" : `${changes.length} changes`;
      io.out(
        flags.check === true ? `It would be taken: ${count}\n` : `Generation ${generation} is in force: ${count}\n`,
      );
    });
}
