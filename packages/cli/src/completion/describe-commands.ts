// SPDX-License-Identifier: Apache-2.0

import type { Command } from "commander";

/** What there is to complete after a command. */
export interface CompletedCommand {
  /** Words that lead to it, without the program's name: [], ["instances"], ["instances", "kick"]. */
  readonly words: readonly string[];
  /** One line. */
  readonly description: string;
  /** Names of its subcommands, with their lines. */
  readonly subcommands: readonly CompletedWord[];
  readonly options: readonly CompletedOption[];
  /** Words that its first argument may be. */
  readonly choices: readonly string[];
}

/** A word, and what it means. */
export interface CompletedWord {
  readonly word: string;
  readonly description: string;
}

/** An option in one of its spellings. */
export interface CompletedOption extends CompletedWord {
  /** What follows it: nothing, any word, the name of a file, or one of these. */
  readonly value: "none" | "any" | "file" | readonly string[];
}

/** Walks a program's tree of commands, the program first. Options of a command count for its subcommands, too. */
export function describeCommands(program: Command): readonly CompletedCommand[] {
  return walk(program, [], []);
}

function walk(command: Command, words: readonly string[], inherited: readonly CompletedOption[]): CompletedCommand[] {
  const options = [...optionsOf(command), ...inherited];
  const described: CompletedCommand = {
    words,
    description: command.description(),
    subcommands: command.commands.map((sub) => ({ word: sub.name(), description: sub.description() })),
    options: [...options, { word: "--help", description: "show help", value: "none" }],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [described, ...command.commands.flatMap((sub) => walk(sub, [...words, sub.name()], options))];
}

function optionsOf(command: Command): CompletedOption[] {
  return command.options.flatMap(({ short, long, description, flags, argChoices }) => {
    const spellings = [short, long].filter((word) => word !== undefined);
    const takesFile = /<(file|folder|path|dir)s?>/.test(flags);
    const value = argChoices ?? (takesFile ? "file" : /[<[]/.test(flags) ? "any" : "none");
    return spellings.map((word) => ({ word, description, value }));
  });
}
