// SPDX-License-Identifier: Apache-2.0

import { type CallOptions, type Client, Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AdminService } from "@grpc-router/node";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import { type Io, interrupted } from "../io.js";
import type { AdminFlags } from "./admin-flags.js";
import { type AdminTarget, readAdminTarget } from "./admin-target.js";

/** The admin API of a router. */
export type AdminClient = Client<typeof AdminService>;

/** How long an answer may take that is no stream, in milliseconds. */
const answerMs = 10_000;

/** For questions whose answer is a stream, which may last. */
export function lasting(io: Io): CallOptions {
  return { timeoutMs: 0, signal: io.stop };
}

/** What a stream brings, until it ends or Ctrl-C ends it. */
export async function* untilStopped<Item>(
  io: Io,
  ask: (options: CallOptions) => AsyncIterable<Item>,
): AsyncGenerator<Item, void> {
  try {
    yield* ask(lasting(io));
  } catch (error) {
    if (!io.stop.aborted) throw error;
  }
}

/**
 * Asks the admin API that the flags name; may ask several things. The first Ctrl-C ends it.
 *
 * @throws CliError for flags that cannot be, or an answer that does not come, in words that say what to do; `interrupted`.
 */
export async function askAdmin<Answer>(
  flags: AdminFlags,
  io: Io,
  question: (client: AdminClient, target: AdminTarget) => Promise<Answer>,
): Promise<Answer> {
  const target = await readAdminTarget(flags, io);
  try {
    return await question(createAdminClient(target, io.stop), target);
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (io.stop.aborted) throw interrupted(io, `Ended before the router at ${target.url} had answered`);
    throw explainAdminError(target, ConnectError.from(error));
  }
}

function createAdminClient({ url, token, tls }: AdminTarget, stop: AbortSignal): AdminClient {
  const show: Interceptor = (next) => (request) => {
    if (token !== undefined) request.header.set("authorization", `Bearer ${token}`);
    return next({ ...request, signal: AbortSignal.any([request.signal, stop]) });
  };
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    defaultTimeoutMs: answerMs,
    interceptors: [show],
    nodeOptions: tls,
  });
  return createClient(AdminService, transport);
}

/** What went wrong, and what to do. */
function explainAdminError({ url, token, tls }: AdminTarget, error: ConnectError): CliError {
  const at = `Cannot ask the router at ${url}`;
  const fail = (text: string): CliError => new CliError(ExitCode.failure, text, error);
  const { rawMessage } = error;
  switch (error.code) {
    case Code.NotFound:
    case Code.FailedPrecondition:
      return fail(rawMessage);
    case Code.InvalidArgument:
      return usageError(rawMessage, error);
    case Code.Unauthenticated: {
      if (token !== undefined)
        return fail(`${at}: it does not know the token. Give that of the router's --admin-token-file`);
      if (tls.cert !== undefined)
        return fail(`${at}: it does not trust the certificate. Give one of its --admin-tls-ca`);
      return fail(`${at}: ${rawMessage}. Give --admin-token-file, or --admin-tls-cert and --admin-tls-key`);
    }
    case Code.Unimplemented:
      return fail(
        `${at}: it does not know this question. Is that its admin API? If so, upgrade the router, or use its own version of this command`,
      );
    case Code.DeadlineExceeded:
      return fail(`${at}: no answer within ${answerMs / 1_000} s. Is that its admin API?`);
    default:
      return fail(`${at}: ${explainTransport(rawMessage)}`);
  }
}

function explainTransport(message: string): string {
  if (/ECONNREFUSED|connection refused/i.test(message)) {
    return "connection refused. Start a router with an admin API or give its address with --admin";
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return `${message}. Give the address with --admin`;
  if (/self-signed|unable to (get|verify)|issuer/i.test(message)) {
    // What follows is advice for who writes programs.
    return `${message.replace(/; if the root CA .*/s, "")}. Give --admin-tls-ca`;
  }
  // A port that speaks something else, such as that of clients: a status without a word of the API, or no HTTP/1.1 at all.
  if (/^HTTP \d+$|^Parse Error/.test(message)) {
    return `its answer is not that of an admin API (${message}). Is that the port of clients? Give the address with --admin`;
  }
  if (/wrong version|packet length/i.test(message)) return "it does not speak TLS. Write http://";
  if (/EPROTO|socket hang up|ECONNRESET/i.test(message)) {
    return `${message}. Does it speak TLS (https://) or not (http://)?`;
  }
  return message;
}
