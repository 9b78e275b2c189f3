// SPDX-License-Identifier: Apache-2.0

import { setTimeout as sleep } from "node:timers/promises";
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Logger } from "@grpc-router/node";
import { fetchServices } from "../call/reflection.js";
import { readSchema, servicesOf } from "../call/schema.js";
import { CliError, ExitCode } from "../cli-error.js";
import { readTlsFiles } from "../credentials/tls-files.js";
import type { Io } from "../io.js";
import { checkFound, isChosen } from "./choose-services.js";

/** Where a server is and how much of it is wanted. */
export interface LearnOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** Paths of PEM files for https. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    /** Name in the server's certificate, where it is not the URL's host. */
    readonly servername?: string | undefined;
  };
  /** Full names; empty: all but those about the server itself. */
  readonly services: readonly string[];
  /** A descriptor set in place of reflection. */
  readonly descriptorSet: string | undefined;
  readonly logger: Logger;
}

/** Bounds of the random wait before a server that cannot be reached is asked again; the upper one doubles up to the cap. */
const AGAIN_MS = 500;
const AGAIN_CAP_MS = 30_000;

/**
 * The services of a server that are to be registered: out of a descriptor set, else by asking the server, as long as it
 * takes to reach it. Undefined: the user has ended the command before.
 *
 * @throws CliError if there are none, or not all that were named.
 */
export async function learnServices(options: LearnOptions, io: Io): Promise<readonly DescService[] | undefined> {
  const { services: names, descriptorSet, url } = options;
  const isWanted = (name: string) => isChosen(name, names);
  let found: readonly DescService[] | undefined;
  if (descriptorSet === undefined) found = await askUntilAnswered(options, isWanted, io);
  else {
    const registry = await readSchema(descriptorSet, io.folder, "--descriptor-set");
    found = servicesOf(registry).filter(({ typeName }) => isWanted(typeName));
  }
  if (found === undefined) return undefined;
  const typeNames = found.map(({ typeName }) => typeName);
  checkFound(typeNames, names, descriptorSet === undefined ? `the server at ${url}` : descriptorSet);
  return found;
}

async function askUntilAnswered(
  options: LearnOptions,
  isWanted: (name: string) => boolean,
  io: Io,
): Promise<readonly DescService[] | undefined> {
  const { servername, ...files } = options.tls;
  const read = readTlsFiles(files, { prefix: "--to-", folder: io.folder });
  const material = { ...read, ...(servername === undefined ? {} : { servername }) };
  for (let count = 0; !io.stop.aborted; count++) {
    try {
      return await ask(options.url, material, isWanted, io.stop);
    } catch (error) {
      if (error instanceof CliError) throw error;
      if (io.stop.aborted) return undefined;
      const failure = ConnectError.from(error);
      const waitMs = Math.random() * Math.min(AGAIN_CAP_MS, AGAIN_MS * 2 ** Math.min(count, 16));
      const text = `Cannot learn the services of ${options.url}: ${failure.rawMessage}`;
      if (failure.code !== Code.Unavailable) {
        const hint = failure.rawMessage.includes("altnames")
          ? "Give the name in its certificate with --to-servername"
          : "Is it a gRPC server? Its services may be given with --descriptor-set, too";
        throw new CliError(ExitCode.failure, `${text}. ${hint}`, error);
      }
      options.logger.log("warn", "target_unreachable", `${text}. Trying again in ${(waitMs / 1000).toFixed(1)} s`, {});
      await sleep(waitMs, undefined, { signal: io.stop }).catch(() => undefined);
    }
  }
  return undefined;
}

async function ask(
  url: string,
  material: Readonly<Record<string, string>>,
  isWanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<readonly DescService[]> {
  const sessions = new Http2SessionManager(url, {}, material);
  try {
    const transport = createGrpcTransport({ baseUrl: url, sessionManager: sessions });
    return await fetchServices(transport, isWanted, { signal, headers: new Headers() });
  } finally {
    sessions.abort();
  }
}
