// SPDX-License-Identifier: Apache-2.0

import { type ConfigFault, type ConfigPath, formatConfigPath } from "@grpc-router/protocol";
import { type CredentialSettings, isRouterError, type TokenSettings, validateCredentials } from "@grpc-router/runtime";
import { readToken } from "../credentials/read-token.js";
import type { RouterConfig, Token } from "../gen/grpcrouter/config/v1/router_config_pb.js";
import { firstLine } from "../node-error.js";
import { type PathOrigin, resolvePath } from "./router-settings.js";
import type { Variables } from "./substitute-variables.js";

/** What {@link readInstanceCredentials} answers. */
export interface ReadInstanceCredentials {
  /** Undefined: the configuration says none. */
  readonly credentials: readonly CredentialSettings[] | undefined;
  readonly faults: readonly ConfigFault[];
}

/** Reads the credentials of `instances`, the files and variables of their tokens included. Faults name no secret. */
export function readInstanceCredentials(
  { instances }: RouterConfig,
  { origin, variables }: { readonly origin: PathOrigin; readonly variables: Variables },
): ReadInstanceCredentials {
  const faults: ConfigFault[] = [];
  const told = (path: ConfigPath, read: () => string): string | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push({ path, reason: firstLine(error) });
      return undefined;
    }
  };
  const credentials: CredentialSettings[] = [];
  if (instances?.tokenFile !== undefined) {
    const path = ["instances", "token_file"];
    const file = instances.tokenFile;
    const value = told(path, () => readToken(resolvePath(origin, path, file)));
    if (value !== undefined) credentials.push({ name: "instances", services: ["*"], tokens: [{ value }] });
  }
  for (const [index, { name, services, tokens, certificates }] of instances?.credentials.entries() ?? []) {
    const path = ["instances", "credentials", index];
    const read = tokens.flatMap((token, place): TokenSettings[] => {
      const at = [...path, "tokens", place];
      const secret = secretOf(token, at);
      return secret === undefined
        ? []
        : [{ ...secret, ...(token.expires === undefined ? {} : { expires: token.expires }) }];
    });
    credentials.push({ name, services, tokens: read, certificates });
  }
  if (faults.length === 0) faults.push(...validate(credentials, instances?.tokenFile !== undefined));
  return { credentials: credentials.length === 0 ? undefined : credentials, faults };

  function secretOf({ source }: Token, at: ConfigPath): Pick<TokenSettings, "value" | "sha256"> | undefined {
    if (source.case === "sha256") return { sha256: source.value };
    if (source.case === "file") {
      const path = [...at, "file"];
      const value = told(path, () => readToken(resolvePath(origin, path, source.value)));
      return value === undefined ? undefined : { value };
    }
    const value = variables[source.value ?? ""]?.trim() ?? "";
    if (value !== "") return { value };
    faults.push({ path: [...at, "env"], reason: `it must name a variable that is set, received ${source.value}` });
    return undefined;
  }
}

/** What only the router's own check finds, at the field that it names. */
function validate(credentials: readonly CredentialSettings[], isTokenFile: boolean): ConfigFault[] {
  try {
    validateCredentials(credentials);
    return [];
  } catch (error) {
    if (!isRouterError(error)) throw error;
    const [, field = "", rule = error.message] = /registration\.(\S+) (must be .*)$/s.exec(error.message) ?? [];
    const steps = [...field.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([text, index]) =>
      index === undefined ? text : Number(index),
    );
    const path = isTokenFile ? ["instances", "token_file"] : ["instances", ...steps];
    return [
      {
        path,
        reason: field === "" ? error.message : `it ${rule}${isTokenFile ? ` (${formatConfigPath(steps)})` : ""}`,
      },
    ];
  }
}
