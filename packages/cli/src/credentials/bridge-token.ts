// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import { readToken } from "@grpc-router/node";
import type { Io } from "../io.js";

/** The variable with the token that a bridge shows. */
export const tokenVariable = "GRPC_ROUTER_TOKEN";

/**
 * The token that a bridge shows to the router: of a file, which is read anew for each registration, or of the environment;
 * undefined without either. @throws NodeError for a file that cannot be used.
 */
export function bridgeTokenOf(file: string | undefined, io: Io): (() => string) | undefined {
  if (file !== undefined) {
    const path = resolve(io.folder, file);
    readToken(path); // a mistake shows now, not in the log
    return () => readToken(path);
  }
  const token = io.env[tokenVariable]?.trim() ?? "";
  return token === "" ? undefined : () => token;
}
