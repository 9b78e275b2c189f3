// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";

async function completionOf(shell: string): Promise<string> {
  const io = createTestIo();
  expect(await run(["completion", shell], io)).toBe(0);
  return io.text.out;
}

describe("grpc-router completion bash", () => {
  // A real bash completes all of these lines, in one process.
  const cases: readonly (readonly [line: string, offered: readonly string[], withheld?: readonly string[]])[] = [
    ["grpc-router ", ["serve", "instances", "drain", "completion", "--help"], ["kick", "--admin"]],
    ["grpc-router inst", ["instances"], ["serve"]],
    ["grpc-router instances ", ["weight", "kick", "--watch", "--admin"], ["serve"]],
    ["grpc-router instances -", ["--watch", "-o", "--output"], ["weight"]],
    ["grpc-router instances -o ", ["table", "json", "yaml"], ["--watch"]],
    ["grpc-router instances --service x k", ["kick"], ["weight"]],
    ["grpc-router instances kick --", ["--reason", "--admin", "--help"], ["--undo"]],
    ["grpc-router serve --log-level d", ["debug"], ["info"]],
    ["grpc-router completion ", ["bash", "zsh", "fish"]],
    ["grpc-router log-level --adm", ["--admin", "--admin-token-file", "--admin-tls-ca"]],
    ["grpc-router nonsense ", ["serve"]],
  ];

  it("completes commands, subcommands, options and their values", async () => {
    const script = `${await completionOf("bash")}
complete -p grpc-router
while IFS= read -r line; do
  COMP_LINE="$line" COMP_POINT=\${#line}
  read -ra COMP_WORDS <<< "$line"
  [[ "$line" == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
  COMPREPLY=()
  _grpc_router
  echo "\${COMPREPLY[*]}"
done`;
    const input = cases.map(([line]) => `${line}\n`).join("");
    const [registered, ...answers] = execFileSync("bash", ["-c", script], { input, encoding: "utf8" }).split("\n");
    expect(registered).toBe("complete -o default -F _grpc_router grpc-router");
    for (const [index, [line, offered, withheld = []]] of cases.entries()) {
      const words = answers[index]?.split(" ") ?? [];
      for (const word of offered) expect(words, line).toContain(word);
      for (const word of withheld) expect(words, line).not.toContain(word);
    }
  });

  it("leaves values that are files to the shell", async () => {
    const text = await completionOf("bash");
    expect(text).toContain("'serve|--tls-cert') COMPREPLY=(); return ;;");
  });
});

describe("grpc-router completion", () => {
  it.each(["bash", "zsh", "fish"])("for %s knows every command and option", async (shell) => {
    const text = await completionOf(shell);
    for (const word of ["instances", "kick", "weight", "log-level"]) expect(text).toContain(word);
    for (const option of ["admin-token-file", "undo", "by-method"]) expect(text).toContain(option);
  });

  it("of a shell that it does not know names those it does", async () => {
    const io = createTestIo();
    expect(await run(["completion", "tcsh"], io)).toBe(2);
    expect(io.text.err).toContain("Allowed choices are bash, zsh, fish");
  });
});
