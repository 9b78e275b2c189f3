// SPDX-License-Identifier: Apache-2.0
import { createProcessIo } from "./io.js";
import { run } from "./run.js";

const code = await run(process.argv.slice(2), createProcessIo());
// Modules of users, which serve and bridge load, may hold connections and timers that would outlive the command.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
