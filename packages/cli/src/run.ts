// SPDX-License-Identifier: Apache-2.0

import { Command, CommanderError } from "commander";
import { CliError, ExitCode } from "./cli-error.js";
import { bridgeCommand } from "./commands/bridge.js";
import { callCommand } from "./commands/call.js";
import { checkCommand } from "./commands/check.js";
import { instancesCommand } from "./commands/instances.js";
import { scaffoldCommand } from "./commands/scaffold.js";
import { serveCommand } from "./commands/serve.js";
import { statsCommand } from "./commands/stats.js";
import { versionCommand } from "./commands/version.js";
import type { Io } from "./io.js";

/**
 * Runs the `grpc-router` command with `args` (without program names) and returns its exit code: 0, 1 failure, 2 usage,
 * 3 calls cut by a stop, 64 + gRPC status for a failed call. Errors are written as one line.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const program = createProgram(io);
  try {
    await program.parseAsync([...args], { from: "user" });
    return ExitCode.ok;
  } catch (error) {
    return report(error, io);
  }
}

function createProgram(io: Io): Command {
  const program = new Command("grpc-router")
    .description("Routes gRPC calls to service instances that dialled out to the router.")
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 failure, 2 usage, 3 stopped but calls were cut, 64 + gRPC status for a failed call.",
    );
  for (const command of [
    serveCommand,
    checkCommand,
    bridgeCommand,
    instancesCommand,
    statsCommand,
    callCommand,
    scaffoldCommand,
    versionCommand,
  ]) {
    program.addCommand(command(io));
  }
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .helpCommand(false)
      .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} });
  }
  return program;
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) {
    // Help that was asked for is no error; help shown for want of a command is.
    if (error.exitCode === 0) return ExitCode.ok;
    if (error.code !== "commander.help")
      io.err(`${oneLine(error.message).replace(/^error: |\.$/g, "")}. See: grpc-router --help\n`);
    return ExitCode.usage;
  }
  io.err(`${oneLine(error instanceof Error ? error.message : String(error))}\n`);
  return error instanceof CliError ? error.code : ExitCode.failure;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
