// SPDX-License-Identifier: Apache-2.0
import { createProcessIo } from "./io.js";
import { run } from "./run.js";

process.exitCode = await run(process.argv.slice(2), createProcessIo());
