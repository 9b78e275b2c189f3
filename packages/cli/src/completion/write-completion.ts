// SPDX-License-Identifier: Apache-2.0

import type { CompletedCommand, CompletedOption } from "./describe-commands.js";

/** The shells that can be served. */
export type Shell = "bash" | "zsh" | "fish";

/** The text that a shell reads once; it asks the program nothing later. */
export function writeCompletion(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash: writeBash, zsh: writeZsh, fish: writeFish }[shell](commands);
}

/** The words of a command in one string: it is the key of the tables below. */
function keyOf({ words }: CompletedCommand): string {
  return words.join(" ");
}

function wordsAfter({ subcommands, options, choices }: CompletedCommand): string {
  return [...subcommands.map(({ word }) => word), ...choices, ...options.map(({ word }) => word)].join(" ");
}

function writeBash(commands: readonly CompletedCommand[]): string {
  const paths = commands.map((command) => `    '${keyOf(command)}') words='${wordsAfter(command)}' ;;`);
  const steps = commands
    .filter(({ words }) => words.length > 0)
    .map((command) => `      '${keyOf(command)}') path="$next" ;;`);
  return `# grpc-router completion bash
_grpc_router() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path='' next='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
${steps.join("\n")}
    esac
  done
  case "$path|$prev" in
${bashValues(commands).join("\n")}
  esac
  case "$path" in
${paths.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _grpc_router grpc-router
`;
}

/** What follows options with a value. Other values leave it to the shell, which offers files. */
function bashValues(commands: readonly CompletedCommand[]): string[] {
  return commands.flatMap((command) =>
    command.options.flatMap(({ word, value }) => {
      if (value === "none") return [];
      const reply =
        typeof value === "string" ? "COMPREPLY=()" : `COMPREPLY=($(compgen -W '${value.join(" ")}' -- "$cur"))`;
      return [`    '${keyOf(command)}|${word}') ${reply}; return ;;`];
    }),
  );
}

function writeZsh(commands: readonly CompletedCommand[]): string {
  const functions = commands.map((command) => {
    const specs = command.options.map((option) => `    ${zshQuote(zshOption(option))}`);
    const { subcommands, choices } = command;
    const operands =
      subcommands.length > 0
        ? ["    '1: :->command'", "    '*:: :->rest'"]
        : choices.length > 0
          ? [`    '1:value:(${choices.join(" ")})'`]
          : ["    '*: :_default'"];
    const listed = subcommands.map(({ word, description }) => `        ${zshQuote(`${word}:${description}`)}`);
    const routes = subcommands.map(({ word }) => `        ${word}) ${zshName([...command.words, word])} ;;`);
    const states =
      subcommands.length === 0
        ? ""
        : `
  case $state in
    command)
      local -a commands=(
${listed.join("\n")}
      )
      _describe command commands ;;
    rest)
      case $words[1] in
${routes.join("\n")}
      esac ;;
  esac`;
    return `${zshName(command.words)}() {
  local context state line
  _arguments -C \\
${[...specs, ...operands].join(" \\\n")}${states}
}`;
  });
  return `#compdef grpc-router
# grpc-router completion zsh

${functions.join("\n\n")}

if [[ $funcstack[1] == _grpc-router ]]; then ${zshName([])} "$@"; else compdef ${zshName([])} grpc-router; fi
`;
}

function zshName(words: readonly string[]): string {
  return ["_grpc_router", ...words].join("_").replaceAll("-", "_");
}

function zshOption({ word, description, value }: CompletedOption): string {
  const text = description.replaceAll(/[[\]:\\]/g, "\\$&");
  const action =
    value === "none"
      ? ""
      : value === "file"
        ? ":file:_files"
        : value === "any"
          ? ":value: "
          : `:value:(${value.join(" ")})`;
  return `*${word}[${text}]${action}`;
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function writeFish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const condition = fishCondition(command);
    const line = (rest: string) => `complete -c grpc-router ${condition} ${rest}`;
    return [
      ...command.subcommands.map(({ word, description }) => line(`-f -a ${word} -d ${fishQuote(description)}`)),
      ...(command.choices.length > 0 ? [line(`-f -a ${fishQuote(command.choices.join(" "))}`)] : []),
      ...command.options.map((option) => line(fishOption(option))),
    ];
  });
  return `# grpc-router completion fish\n${lines.join("\n")}\n`;
}

/** That the words of the command were written, and of those below it none. */
function fishCondition({ words, subcommands }: CompletedCommand): string {
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = subcommands.map(({ word }) => word).join(" ");
  const notBelow = below === "" ? [] : [`not __fish_seen_subcommand_from ${below}`];
  return `-n '${[...seen, ...notBelow].join("; and ")}'`;
}

function fishOption({ word, description, value }: CompletedOption): string {
  const name = word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
  const follows =
    value === "none"
      ? "-f"
      : value === "file"
        ? "-r -F"
        : value === "any"
          ? "-x"
          : `-x -a ${fishQuote(value.join(" "))}`;
  return `${name} ${follows} -d ${fishQuote(description)}`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
