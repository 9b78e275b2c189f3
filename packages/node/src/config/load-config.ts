// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import { type ConfigFault, type PolicyLayer, readPolicyConfig } from "@grpc-router/protocol";
import type { CredentialSettings } from "@grpc-router/runtime";
import type { RouterConfig } from "../gen/grpcrouter/config/v1/router_config_pb.js";
import { logModules } from "../log/log-modules.js";
import { type ConfigMistake, mistakesError, sortMistakes } from "./config-mistake.js";
import { readInstanceCredentials } from "./instance-credentials.js";
import { type AppliedText, type ConfigFile, readConfigFiles } from "./read-config-files.js";
import { readRouterConfig } from "./read-router-config.js";
import { type RouterSettings, settingsOf } from "./router-settings.js";
import type { Variables } from "./substitute-variables.js";

/** Where a configuration comes from. */
export interface LoadConfigOptions {
  /** The variables that `${NAME}` stands for. Default: those of this process. */
  readonly variables?: Variables | undefined;
  /** What relative names of files are relative to. Default: this process's folder. */
  readonly folder?: string | undefined;
  /** A text that goes before all files. Default: none. */
  readonly applied?: AppliedText | undefined;
}

/** A configuration that was read; it counts only as a whole, if it has no mistakes. */
export interface LoadedConfig {
  /** Names of the files as they were given. */
  readonly names: readonly string[];
  readonly settings: RouterSettings;
  /** Credentials of instances, secrets included; undefined: none are said. */
  readonly credentials: readonly CredentialSettings[] | undefined;
  /** What the files say together, in their own words. */
  readonly value: Readonly<Record<string, unknown>>;
  /** All files, included ones as well, in the order in which they count. */
  readonly files: readonly ConfigFile[];
  /** Everything that is wrong but with `policies`, in the order of the files. */
  readonly mistakes: readonly ConfigMistake[];
  /** Reads what is said of these services; what is wrong with it is among the mistakes of the answer, in order. */
  readPolicies(services: readonly DescService[]): ConfiguredPolicies;
  /** A mistake at a path, for what others find wrong with it. */
  mistake(fault: ConfigFault): ConfigMistake;
  /** Mistakes in the order of the files; of a value whose variable is not set, that one alone. */
  sort(mistakes: readonly ConfigMistake[]): ConfigMistake[];
}

/** What a configuration says of services, by their names. */
export interface ConfiguredPolicies {
  readonly layers: ReadonlyMap<string, PolicyLayer>;
  readonly mistakes: readonly ConfigMistake[];
}

/**
 * Reads a configuration (`grpcrouter.config.v1.RouterConfig`) from files of YAML or JSON, in order: the later goes before
 * the earlier. Never throws for what is in them: see `mistakes` and {@link refuseMistakes}.
 */
export function loadConfig(names: readonly string[], options: LoadConfigOptions = {}): LoadedConfig {
  const { variables = process.env, folder = process.cwd(), applied } = options;
  const files = readConfigFiles(names, { variables, folder, applied });
  const { config, value, faults } = readRouterConfig(files);
  const origin = { folder, findPlace: files.findPlace };
  const order = [...files.files.map(({ path }) => path), ...(applied === undefined ? [] : [applied.name])];
  const placeOf = ({ file, line, column, path }: ConfigMistake) => JSON.stringify([file, line, column, path]);
  const asTexts = new Set(files.mistakes);
  const unread = new Set(files.mistakes.map(placeOf));
  const sort = (mistakes: readonly ConfigMistake[]) => {
    // What is wrong with the value follows from what is wrong with its text.
    const told = mistakes.filter((one) => asTexts.has(one) || !unread.has(placeOf(one)));
    return sortMistakes(told, order);
  };
  const mistake = (fault: ConfigFault): ConfigMistake => ({ ...fault, ...files.findPlace(fault.path) });
  const { credentials, faults: wrong } = readInstanceCredentials(config, { origin, variables });
  return {
    names,
    settings: settingsOf(config, origin),
    credentials,
    value,
    files: files.files,
    mistakes: sort([
      ...files.mistakes,
      ...[...faults, ...findModuleFaults(config), ...(faults.length === 0 ? wrong : [])].map(mistake),
    ]),
    readPolicies(services) {
      const { layers, faults: found } = readPolicyConfig(value.policies, services);
      const mistakes = found.map(({ path, reason }) => mistake({ path: ["policies", ...path], reason }));
      return { layers, mistakes: sort(mistakes) };
    },
    mistake,
    sort,
  };
}

/** @throws NodeError `CONFIG_INVALID` with every mistake on a line of its own, if there is one. */
export function refuseMistakes({ names, sort }: LoadedConfig, mistakes: readonly ConfigMistake[]): void {
  if (mistakes.length > 0) throw mistakesError(`the configuration ${names.join(", ")}`, sort(mistakes));
}

/** Modules of the log are words of code, which no rule of the message knows. */
function findModuleFaults({ observability }: RouterConfig): ConfigFault[] {
  const names = Object.keys(observability?.log?.modules ?? {});
  return names
    .filter((name) => !logModules.some((known) => known === name))
    .map((name) => ({
      path: ["observability", "log", "modules", name],
      reason: `the module must be one of ${logModules.join(", ")}, received ${JSON.stringify(name)}`,
    }));
}
