// SPDX-License-Identifier: Apache-2.0

import { Argument, Command } from "commander";
import { describeCommands } from "../completion/describe-commands.js";
import { writeCompletion } from "../completion/write-completion.js";
import type { Io } from "../io.js";

const examples = `
Examples:
  source <(grpc-router completion bash)
  grpc-router completion zsh > "\${fpath[1]}/_grpc-router"
  grpc-router completion fish > ~/.config/fish/completions/grpc-router.fish`;

/** `grpc-router completion`: what makes a shell complete commands, options and their values. */
export function completionCommand(io: Io): Command {
  return new Command("completion")
    .description("print what makes a shell complete this command")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", examples)
    .action((shell: "bash" | "zsh" | "fish", _: object, command: Command) => {
      const program = command.parent;
      if (program !== null) io.out(writeCompletion(shell, describeCommands(program)));
    });
}
