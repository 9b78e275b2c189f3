// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import type { Io } from "../io.js";

interface ScaffoldFlags {
  readonly service?: string;
  readonly from?: string;
  readonly bridge: boolean;
  readonly dryRun: boolean;
  readonly out?: string;
}

const examples = `
Examples:
  grpc-router scaffold src/user-service.ts
  grpc-router scaffold src/user-service.ts --from src/gen/acme/user/v1/user_pb.ts --bridge
  grpc-router scaffold src/services.ts --service acme.user.v1.UserService --dry-run`;

/** `grpc-router scaffold`: the methods that an implementation lacks. */
export function scaffoldCommand(io: Io): Command {
  return new Command("scaffold")
    .description("add the methods that an implementation lacks, and the bridge, to TypeScript")
    .argument("<file>", "file with the implementation: ServiceImpl<typeof X>, a class, or router.service(X, …)")
    .option("--service <name>", "X or pkg.Service, where the file implements several")
    .option("--from <file>", "generated x_pb.ts; a file without an implementation of its service gets one")
    .option("--bridge", "add the lines that register it with a router, too", false)
    .option("--dry-run", "only show what would change", false)
    .option("--out <file>", "write the result there")
    .addHelpText("after", examples)
    .action((file: string, flags: ScaffoldFlags) => scaffold(file, flags, io));
}

async function scaffold(file: string, { dryRun, out, ...options }: ScaffoldFlags, io: Io): Promise<void> {
  const path = resolve(io.folder, file);
  const from = options.from === undefined ? undefined : resolve(io.folder, options.from);
  // Megabytes of compiler: only those who ask for it wait for them.
  const [{ scaffoldFile }, { createTwoFilesPatch }] = await Promise.all([
    import("../scaffold/scaffold-file.js"),
    import("diff"),
  ]);
  const { before, after, service, methods } = scaffoldFile(path, { ...options, from });
  if (before === after) {
    io.err(`${file} has all methods of ${service}: nothing to add\n`);
    if (out === undefined || dryRun) return;
  } else io.out(createTwoFilesPatch(file, out ?? file, before, after, undefined, undefined, { context: 2 }));
  const added = methods.length === 0 ? "no method" : methods.join(", ");
  if (dryRun) {
    io.err(`Would add to ${service}: ${added}. Nothing is written\n`);
    return;
  }
  const target = resolve(io.folder, out ?? file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, after);
  if (before !== after) io.err(`Added to ${service}: ${added}\n`);
}
