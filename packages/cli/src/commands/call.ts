// SPDX-License-Identifier: Apache-2.0

import { ConnectError } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Command, Option } from "commander";
import { explainFailedCall } from "../call/failed-call.js";
import { parseHeaders } from "../call/headers.js";
import { performCall } from "../call/perform-call.js";
import { fetchSchema } from "../call/reflection.js";
import { findMethod, readSchema } from "../call/schema.js";
import { parseCallTarget } from "../call/target.js";
import { CliError, usageError } from "../cli-error.js";
import { readTlsFiles, type TlsTexts } from "../credentials/tls-files.js";
import type { Io } from "../io.js";
import { collect, parseDurationMs } from "../parse/options.js";

interface CallFlags {
  readonly data?: string;
  readonly header: readonly string[];
  readonly schema?: string;
  readonly timeout?: number;
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly verbose?: true;
}

const examples = `
Data is one JSON value per message, one after the other. Without -d: one empty message, or none if the method takes a stream.
The schema comes from the server's reflection unless --schema is given.

Examples:
  grpc-router call http://localhost:8080/acme.user.v1.UserService/GetUser -d '{"userId":"1"}'
  grpc-router call localhost:8080 acme.user.v1.UserService/GetUser -d '{"userId":"1"}' -H 'x-tenant: t1'
  cat users.ndjson | grpc-router call http://localhost:8080/acme.user.v1.UserService/ImportUsers -d @
  grpc-router call https://localhost:8443/acme.user.v1.UserService/GetUser --tls-ca ca.pem --schema schema.binpb`;

/** `grpc-router call`: one gRPC call of any of the four kinds. */
export function callCommand(io: Io): Command {
  return new Command("call")
    .description("make one gRPC call; prints one JSON line per response")
    .argument("<url>", "http://host:port/pkg.Service/Method, or host:port")
    .argument("[method]", "pkg.Service/Method, when the first argument has none")
    .option("-d, --data <json>", "request messages; @ reads them from standard input")
    .option("-H, --header <'name: value'>", "request metadata; may be repeated", collect, [])
    .option("--schema <file>", "descriptor set (npx buf build -o schema.binpb) in place of reflection")
    .addOption(new Option("--timeout <duration>", "deadline, such as 1.5s").argParser(parseDurationMs))
    .option("--tls", "TLS for an address without http:// or https://")
    .option("--tls-ca <file>", "PEM authorities of the server's certificate; implies --tls")
    .option("--tls-cert <file>", "PEM certificate to show to the server, with --tls-key; implies --tls")
    .option("--tls-key <file>", "PEM private key of --tls-cert")
    .option("-v, --verbose", "also print response metadata, to standard error")
    .addHelpText("after", examples)
    .action((url: string, method: string | undefined, flags: CallFlags) => call(url, method, flags, io));
}

async function call(url: string, method: string | undefined, flags: CallFlags, io: Io): Promise<void> {
  const nodeOptions = readTlsFlags(flags, io.folder);
  const target = parseCallTarget(url, method, flags.tls === true || Object.keys(nodeOptions).length > 0);
  const headers = parseHeaders(flags.header);
  const schema = flags.schema === undefined ? undefined : await readSchema(flags.schema, io.folder);
  const sessions = new Http2SessionManager(target.baseUrl, {}, nodeOptions);
  try {
    const transport = createGrpcTransport({ baseUrl: target.baseUrl, sessionManager: sessions });
    const registry = schema ?? (await fetchSchema(transport, target.service, { signal: io.stop, headers }));
    const request = {
      method: findMethod(registry, target),
      registry,
      data: flags.data === "@" ? io.input : [new TextEncoder().encode(flags.data ?? "")],
      headers,
      timeoutMs: flags.timeout,
      signal: io.stop,
    };
    await performCall(transport, request, {
      message: (line) => io.out(`${line}\n`),
      metadata: (lines) => flags.verbose === true && io.err(lines),
    });
  } catch (error) {
    if (error instanceof CliError) throw error;
    const circumstances = { baseUrl: target.baseUrl, interrupted: io.stop.aborted };
    throw explainFailedCall(circumstances, ConnectError.from(error));
  } finally {
    sessions.abort();
  }
}

/** Texts of the files that flags name. @throws CliError for one that cannot be read, and for half of a pair. */
function readTlsFlags({ tlsCa: ca, tlsCert: cert, tlsKey: key }: CallFlags, folder: string): TlsTexts {
  if ((cert === undefined) !== (key === undefined)) {
    throw usageError("Cannot use TLS: --tls-cert and --tls-key must be given together");
  }
  return readTlsFiles({ ca, cert, key }, { prefix: "--tls-", folder });
}
