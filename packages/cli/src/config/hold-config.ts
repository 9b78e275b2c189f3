// SPDX-License-Identifier: Apache-2.0

import { ConfigHolder, type LoadedConfig, type Logger, loadConfig } from "@grpc-router/node";
import type { Io } from "../io.js";
import { judgeTls } from "./find-unusable-tls.js";
import { type ConfiguredRouter, type PreparedFlags, prepareConfig } from "./prepare-config.js";

/** Keeps the configuration of a running router, for reloads of the files that it came from. */
export function holdConfig<Flags extends PreparedFlags>(
  initial: LoadedConfig,
  io: Pick<Io, "folder" | "env">,
  { logger, ...running }: ConfiguredRouter<Flags> & { readonly logger: Logger },
): ConfigHolder {
  return new ConfigHolder({
    initial,
    load: (applied) => {
      const next = loadConfig(initial.names, { folder: io.folder, variables: io.env, applied });
      // Of what is refused anyway all is told at once; else `prepare` reads the certificates, so that each file is read once.
      return next.mistakes.length === 0 ? next : judgeTls(next, running.tls.configured);
    },
    prepare: (next) => prepareConfig(next, running),
    logger,
  });
}
