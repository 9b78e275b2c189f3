// SPDX-License-Identifier: Apache-2.0

import { createConfigDefaults, createConfigSchema, loadConfig, refuseMistakes, showConfig } from "@grpc-router/node";
import { Command } from "commander";
import type { Io } from "../io.js";
import { applyConfigCommand, reloadConfigCommand, runningConfigCommand } from "./running-config.js";

const examples = `
Examples:
  grpc-router config defaults > router.yaml
  grpc-router config schema > router.schema.json
  grpc-router config show base.yaml production.yaml
  grpc-router config running
  grpc-router config reload --check
  grpc-router config apply faster.yaml

Editors that read YAML's language server find the schema by a first line in the file:
  # yaml-language-server: $schema=router.schema.json`;

/** `grpc-router config`: what can be said in a configuration, and what files say. */
export function configCommand(io: Io): Command {
  const command = new Command("config")
    .description("what can be said in a configuration, and what files say")
    .addHelpText("after", examples);
  command
    .command("schema")
    .description("the JSON Schema of configuration files, for editors")
    .action(() => io.out(`${JSON.stringify(createConfigSchema(), null, 2)}\n`));
  command
    .command("defaults")
    .description("every field with its default and what it does, as YAML")
    .action(() => io.out(createConfigDefaults()));
  command
    .command("show")
    .description("what files say together: merged, variables in their place, secrets masked")
    .argument("<file...>", "configuration files; the later goes before the earlier")
    .action((files: readonly string[]) => {
      const config = loadConfig(files, { folder: io.folder, variables: io.env });
      refuseMistakes(config, config.mistakes);
      io.out(showConfig(config.value));
    });
  return command
    .addCommand(runningConfigCommand(io))
    .addCommand(reloadConfigCommand(io))
    .addCommand(applyConfigCommand(io));
}
