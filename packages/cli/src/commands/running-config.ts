// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ConfigOutcome } from "@grpc-router/node";
import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { askAdmin } from "../admin/ask-admin.js";
import { CliError, ExitCode, missingFile, usageError } from "../cli-error.js";
import { type Io, interrupted, stopped } from "../io.js";

/** `grpc-router config running`: what a router runs by. */
export function runningConfigCommand(io: Io): Command {
  return withAdminFlags(new Command("running"))
    .description("the configuration that a running router has in force, secrets masked")
    .action(async (flags: AdminFlags) => {
      const { generation, files, yaml, applied } = await askAdmin(flags, io, (client) => client.getConfig({}));
      const before = applied === "" ? "" : `, and before them what was applied from ${applied}`;
      io.out(`# generation ${generation}, of ${files.join(", ")}${before}\n${yaml}`);
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
      tell(outcome, flags.check === true, io);
    });
}

interface ApplyFlags extends ReloadFlags {
  readonly clear?: true;
}

const applyExamples = `
Examples:
  grpc-router config apply faster.yaml --check
  echo 'drain: { grace: 60s }' | grpc-router config apply -
  grpc-router config apply --clear

It may say policies, instances.routers, drain.grace, and the levels of the log. It stays until another text is applied, it is
cleared, or the router ends; reloads of the files keep it.`;

/** `grpc-router config apply`: puts a text before a router's configuration files. */
export function applyConfigCommand(io: Io): Command {
  return withAdminFlags(new Command("apply"))
    .description("put a text before the configuration files of a running router; taken as a whole, or not at all")
    .argument("[file]", "YAML or JSON; - is standard input")
    .option("--check", "only say what would become of it")
    .option("--clear", "take back what was applied")
    .addHelpText("after", applyExamples)
    .action(async (file: string | undefined, flags: ApplyFlags) => {
      const { check = false, clear = false } = flags;
      if ((file === undefined) !== clear) {
        throw usageError("Cannot apply a configuration: one of FILE and --clear must be given");
      }
      const text = file === undefined ? "" : await readGiven(file, io);
      const named = { text, name: file === "-" ? "standard input" : (file ?? "") };
      const outcome = await askAdmin(flags, io, async (client) => {
        return (check ? await client.validateConfig(named) : await client.applyConfig(named)).outcome;
      });
      tell(outcome, check, io);
    });
}

async function readGiven(file: string, io: Io): Promise<string> {
  if (file === "-") return Promise.race([readAll(io.input), endOf(io)]);
  try {
    return readFileSync(resolve(io.folder, file), "utf8");
  } catch (error) {
    throw missingFile(`Cannot read ${file}: there is no such file. Give the path of a YAML or JSON file`, error);
  }
}

/** Standard input may never end. */
async function endOf(io: Io): Promise<never> {
  await stopped(io);
  throw interrupted(io, "Ended before standard input had: nothing is applied");
}

async function readAll(input: Io["input"]): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of input) pieces.push(piece);
  return new TextDecoder().decode(Buffer.concat(pieces));
}

/** What became, or would become, of it. @throws CliError if it was refused */
function tell(outcome: ConfigOutcome | undefined, isCheck: boolean, io: Io): void {
  const { taken = false, generation = 0n, changes = [], reasons = [] } = outcome ?? {};
  for (const line of taken ? changes : reasons) io.out(`${line}\n`);
  if (!taken) {
    const would = isCheck ? "would stay" : "stays";
    throw new CliError(ExitCode.failure, `Generation ${generation} ${would} in force, for what stands above`);
  }
  const count = changes.length === 1 ? "1 change" : `${changes.length} changes`;
  io.out(isCheck ? `It would be taken: ${count}\n` : `Generation ${generation} is in force: ${count}\n`);
}
