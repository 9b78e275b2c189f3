// SPDX-License-Identifier: Apache-2.0

import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AdminService } from "@grpc-router/node";
import { CliError, ExitCode, usageError } from "../cli-error.js";

/** Where the admin API of a router listens unless said otherwise. */
export const defaultAdminUrl = "http://127.0.0.1:8081";

/**
 * Asks the admin API at `url`, such as `http://127.0.0.1:8081`.
 *
 * @throws CliError for an address that is none, or an answer that does not come.
 */
export async function askAdmin<Answer>(
  url: string,
  question: (client: Client<typeof AdminService>) => Promise<Answer>,
): Promise<Answer> {
  if (!/^https?:\/\/[^/]+\/?$/.test(url)) {
    throw usageError(`Cannot ask the router: --admin must be http://host:port, received ${url}`);
  }
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", defaultTimeoutMs: 10_000 });
  try {
    return await question(createClient(AdminService, transport));
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    const refused = code === Code.Unavailable;
    const hint = refused
      ? "connection refused. Start a router with an admin API or give its address with --admin"
      : rawMessage;
    throw new CliError(ExitCode.failure, `Cannot ask the router at ${url}: ${hint}`, error);
  }
}
