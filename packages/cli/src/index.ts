// SPDX-License-Identifier: Apache-2.0
export { ExitCode } from "./cli-error.js";
export type { Io } from "./io.js";
export { run } from "./run.js";
