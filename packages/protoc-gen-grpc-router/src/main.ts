// SPDX-License-Identifier: Apache-2.0
// The program: request on standard input, response on standard output, warnings on standard error.
import { runNodeJs } from "@bufbuild/protoplugin";
import { createPlugin } from "./plugin.js";

runNodeJs(createPlugin({ warn: (line) => process.stderr.write(`protoc-gen-grpc-router: ${line}\n`) }));
