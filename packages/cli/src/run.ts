// SPDX-License-Identifier: Apache-2.0

import { NodeError } from "@grpc-router/node";
import { Command, CommanderError } from "commander";
import { CliError, ExitCode } from "./cli-error.js";
import { bridgeCommand } from "./commands/bridge.js";
import { callCommand } from "./commands/call.js";
import { callsCommand } from "./commands/calls.js";
import { checkCommand } from "./commands/check.js";
import { completionCommand } from "./commands/completion.js";
import { configCommand } from "./commands/config.js";
import { connectionsCommand } from "./commands/connections.js";
import { drainCommand } from "./commands/drain.js";
import { eventsCommand } from "./commands/events.js";
import { instancesCommand } from "./commands/instances.js";
import { logLevelCommand } from "./commands/log-level.js";
import { policyCommand } from "./commands/policy.js";
import { profileCommand } from "./commands/profile.js";
import { readyCommand } from "./commands/ready.js";
import { scaffoldCommand } from "./commands/scaffold.js";
import { serveCommand } from "./commands/serve.js";
import { servicesCommand } from "./commands/services.js";
import { statsCommand } from "./commands/stats.js";
import { tapCommand } from "./commands/tap.js";
import { topCommand } from "./commands/top.js";
import { traceCommand } from "./commands/trace.js";
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
    configCommand,
    bridgeCommand,
    instancesCommand,
    drainCommand,
    servicesCommand,
    callsCommand,
    tapCommand,
    connectionsCommand,
    traceCommand,
    topCommand,
    statsCommand,
    policyCommand,
    eventsCommand,
    profileCommand,
    logLevelCommand,
    readyCommand,
    callCommand,
    scaffoldCommand,
    completionCommand,
    versionCommand,
  ]) {
    program.addCommand(command(io));
  }
  settle(program, io);
  return program;
}

/** Commands write to `io` and end nothing by themselves; subcommands show what they inherit. */
function settle(command: Command, io: Io): void {
  command
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} });
  for (const sub of command.commands) settle(sub, io);
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) {
    // Help that was asked for is no error; help shown for want of a command is.
    if (error.exitCode === 0) return ExitCode.ok;
    if (error.code !== "commander.help")
      io.err(`${oneLine(error.message).replace(/^error: |\.$/g, "")}. See: grpc-router --help\n`);
    return ExitCode.usage;
  }
  const text = error instanceof Error ? error.message : String(error);
  io.err(`${listsMistakes(error) ? text.trim() : oneLine(text)}\n`);
  return error instanceof CliError ? error.code : ExitCode.failure;
}

/** Mistakes in files stand on lines of their own, as compilers write them. */
function listsMistakes(error: unknown): boolean {
  const origin = error instanceof CliError ? error.cause : error;
  return origin instanceof NodeError && origin.code === "CONFIG_INVALID";
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
