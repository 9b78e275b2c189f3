// SPDX-License-Identifier: Apache-2.0
// Loaded into every program that `npm start` starts: when the starter is gone, whatever the way, its end of the pipe
// closes, and nothing is left behind.
import type { Socket } from "node:net";

const input = process.stdin as Socket; // a pipe, as program.ts makes it
input.on("close", () => process.exit()).resume();
input.unref();
