// SPDX-License-Identifier: Apache-2.0

import { Command, CommanderError, Help, type Option } from "commander";
import { CliError, ExitCode } from "./cli-error.js";
import type { Io } from "./io.js";
import { printable } from "./output/printable.js";

/**
 * Commands by their names, in the order of the help. Each is loaded when it is called: all of them take half a second, which
 * a health check has not.
 */
const commands: Readonly<Record<string, () => Promise<(io: Io) => Command>>> = {
  serve: async () => (await import("./commands/serve.js")).serveCommand,
  check: async () => (await import("./commands/check.js")).checkCommand,
  config: async () => (await import("./commands/config.js")).configCommand,
  bridge: async () => (await import("./commands/bridge.js")).bridgeCommand,
  instances: async () => (await import("./commands/instances.js")).instancesCommand,
  drain: async () => (await import("./commands/drain.js")).drainCommand,
  services: async () => (await import("./commands/services.js")).servicesCommand,
  calls: async () => (await import("./commands/calls.js")).callsCommand,
  tap: async () => (await import("./commands/tap.js")).tapCommand,
  connections: async () => (await import("./commands/connections.js")).connectionsCommand,
  trace: async () => (await import("./commands/trace.js")).traceCommand,
  top: async () => (await import("./commands/top.js")).topCommand,
  stats: async () => (await import("./commands/stats.js")).statsCommand,
  policy: async () => (await import("./commands/policy.js")).policyCommand,
  events: async () => (await import("./commands/events.js")).eventsCommand,
  profile: async () => (await import("./commands/profile.js")).profileCommand,
  "log-level": async () => (await import("./commands/log-level.js")).logLevelCommand,
  ready: async () => (await import("./commands/ready.js")).readyCommand,
  call: async () => (await import("./commands/call.js")).callCommand,
  scaffold: async () => (await import("./commands/scaffold.js")).scaffoldCommand,
  completion: async () => (await import("./commands/completion.js")).completionCommand,
  version: async () => (await import("./commands/version.js")).versionCommand,
};

/**
 * Runs the `grpc-router` command with `args` (without program names) and returns its exit code: 0, 1 failure, 2 usage,
 * 3 calls cut by a stop, 64 + gRPC status for a failed call, 128 + signal where one came before it was done. Errors are written as one line.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  // What every tool answers to.
  const words = args[0] === "--version" || args[0] === "-V" ? ["version", ...args.slice(1)] : args;
  let program: Command | undefined;
  try {
    program = await createProgram(words, io);
    await program.parseAsync([...words], { from: "user" });
    return ExitCode.ok;
  } catch (error) {
    return report(error, program === undefined ? "grpc-router" : nameCommand(program, words), io);
  }
}

/** The command that the words begin with, as one writes it: `grpc-router config reload`. */
function nameCommand(program: Command, words: readonly string[]): string {
  let at = program;
  let name = at.name();
  for (const word of words) {
    const next = at.commands.find((command) => command.name() === word);
    if (next === undefined) break;
    name += ` ${word}`;
    at = next;
  }
  return name;
}

async function createProgram(args: readonly string[], io: Io): Promise<Command> {
  const program = new Command("grpc-router")
    .description("Routes gRPC calls to service instances that dialled out to the router.")
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 failure, 2 usage, 3 stopped but calls were cut, 64 + gRPC status for a failed call,\n128 + signal where one came before it was done.",
    );
  const [name = ""] = args;
  const called = Object.hasOwn(commands, name) ? commands[name] : undefined;
  // Help and shells want to know of all of them.
  const wanted = called === undefined || name === "completion" ? Object.values(commands) : [called];
  for (const create of await Promise.all(wanted.map((load) => load()))) program.addCommand(create(io));
  settle(program, io);
  return program;
}

/** Commands write to `io` and end nothing by themselves; subcommands show what they inherit. */
function settle(command: Command, io: Io): void {
  command
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} });
  for (const sub of command.commands) settle(sub, io);
}

/** Without presets that say nothing: off, none, no text. */
function describeOption(option: Option): string {
  return new Help()
    .optionDescription(option)
    .replace(/ ?\((?:(.*), )?default: (?:false|\[\]|\{\}|"")\)$/, (_, rest) => {
      return rest === undefined ? "" : ` (${rest})`;
    });
}

function report(error: unknown, command: string, io: Io): number {
  if (error instanceof CommanderError) {
    // Help that was asked for is no error; help shown for want of a command is.
    if (error.exitCode === 0) return ExitCode.ok;
    if (error.code !== "commander.help")
      io.err(`${oneLine(error.message).replace(/^error: |\.$/g, "")}. See: ${command} --help\n`);
    return ExitCode.usage;
  }
  const text = error instanceof Error ? error.message : String(error);
  io.err(`${listsMistakes(error) ? text.trim() : oneLine(text)}\n`);
  return error instanceof CliError ? error.code : ExitCode.failure;
}

/** Mistakes in files stand on lines of their own, as compilers write them. */
function listsMistakes(error: unknown): boolean {
  const origin = error instanceof CliError ? error.cause : error;
  return origin instanceof Error && "code" in origin && origin.code === "CONFIG_INVALID";
}

/** It may have words of a server in it. */
function oneLine(text: string): string {
  return printable(text.trim().replaceAll(/\s*\n\s*/g, " "));
}
