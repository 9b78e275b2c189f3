// SPDX-License-Identifier: Apache-2.0

import { dirname, resolve } from "node:path";
import { type CredentialSettings, isRouterError, type TokenSettings, validateCredentials } from "@grpc-router/runtime";
import { firstLine, NodeError } from "../node-error.js";
import { readText, readToken } from "./read-token.js";

/** How a file of credentials is read. */
export interface ReadCredentialsOptions {
  /** Where the variables of `env` are. Default: those of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Reads who may register instances from a JSON file, the files and variables with the tokens included. Paths are taken from
 * the folder of that file.
 *
 * ```json
 * {
 *   "credentials": [
 *     { "name": "users", "services": ["acme.user.*"], "tokens": [{ "file": "users.token" }] },
 *     { "name": "billing", "services": ["acme.billing.v1.BillingService"], "certificates": ["spiffe://acme/billing"] }
 *   ]
 * }
 * ```
 *
 * A token is `{ "file": … }`, `{ "env": … }` or `{ "sha256": … }`, each with `"expires"` if it ends.
 *
 * @throws NodeError `FILE_UNREADABLE` or `CREDENTIALS_INVALID`, naming file and field, never a secret.
 */
export function readCredentials(path: string, options: ReadCredentialsOptions = {}): readonly CredentialSettings[] {
  const { env = process.env } = options;
  const file = parseFile(path);
  const credentials = file.map((credential: unknown, index): unknown => {
    if (!isRecord(credential) || !Array.isArray(credential.tokens)) return credential;
    const tokens = credential.tokens.map((token: unknown, place) =>
      resolveToken(token, { path, env, at: `credentials[${index}].tokens[${place}]` }),
    );
    return { ...credential, tokens };
  });
  try {
    // It throws for whatever is none.
    validateCredentials(credentials as readonly CredentialSettings[]);
  } catch (error) {
    if (!isRouterError(error)) throw error;
    throw invalid(path, error.message.replace(/^[^:]*: registration\./, ""), error);
  }
  return credentials as readonly CredentialSettings[];
}

interface TokenPlace {
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly at: string;
}

function parseFile(path: string): readonly unknown[] {
  let file: unknown;
  try {
    file = JSON.parse(readText(path, "credentials"));
  } catch (error) {
    if (error instanceof NodeError) throw error;
    // What JSON.parse says may repeat a part of the file.
    throw invalid(path, "the file must be JSON, received other text");
  }
  const credentials = isRecord(file) && Object.keys(file).length === 1 ? file.credentials : undefined;
  if (Array.isArray(credentials)) return credentials;
  throw invalid(path, 'the file must be {"credentials": […]}, received something else');
}

/** What of a token the router takes, the secret from where the file says that it is. */
function resolveToken(token: unknown, { path, env, at }: TokenPlace): TokenSettings {
  if (!isRecord(token)) throw invalid(path, `${at} must be an object, received ${typeof token}`);
  const { file, env: variable, sha256, expires, ...others } = token;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) {
    throw invalid(path, `${at}.${unknown} must be one of file, env, sha256, expires, received another name`);
  }
  const given = [file, variable, sha256].filter((source) => source !== undefined);
  if (given.length !== 1) throw invalid(path, `${at} must have one of file, env and sha256, received ${given.length}`);
  const [source] = given;
  if (typeof source !== "string") throw invalid(path, `${at} must be of text, received ${typeof source}`);
  const end = expires === undefined ? {} : { expires: expires as string }; // judged with all the rest
  if (sha256 !== undefined) return { sha256: source, ...end };
  if (file !== undefined) return { value: tokenOfFile(path, at, source), ...end };
  const value = env[source]?.trim() ?? "";
  if (value === "") {
    throw invalid(path, `${at}.env must name a variable of the environment that is set, received ${source}`);
  }
  return { value, ...end };
}

function tokenOfFile(path: string, at: string, file: string): string {
  try {
    return readToken(resolve(dirname(path), file));
  } catch (error) {
    throw invalid(path, `${at}.file must be readable. ${firstLine(error)}`, error);
  }
}

function invalid(path: string, rule: string, cause?: unknown): NodeError {
  return new NodeError("CREDENTIALS_INVALID", `Cannot use credentials of ${path}: ${rule}`, cause);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
