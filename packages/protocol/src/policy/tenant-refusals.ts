// SPDX-License-Identifier: Apache-2.0

import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { isFacts } from "./fact-rule.js";

type Json = Readonly<Record<string, unknown>>;

const shared = "it cannot be by tenant, because";

/** What of a service cannot be by tenant, why not, and where it can be said instead. */
const ofService: Readonly<Record<string, string>> = {
  skip: "it says nothing here, because the code is generated; remove it",
  outlier_detection: `${shared} an instance is in rotation for all callers or for none; say it of the service`,
  retry_throttling: `${shared} its tokens are those of all callers; say it of the service`,
  retry_budget: `${shared} it is a share of the calls of all; say it of the service`,
  circuit_breaker: `${shared} it judges the service as a whole; say it of the service`,
  concurrency_limit: `${shared} it counts the calls of all; say it in defaults or of a method, where it counts those that go by this rule`,
  admission_control: `${shared} it judges the service as a whole; say it of the service`,
};

/** The same of methods … */
const ofMethod: Readonly<Record<string, string>> = {
  circuit_breaker: `${shared} a method that fails on an instance fails there for all; say it of the service or its methods`,
};

/** … and of how they are balanced. */
const ofBalance: Readonly<Record<string, string>> = {
  slow_start: `${shared} it is an instance's own weight that grows; say it in the balance of the service`,
};

/** What a rule says of a service, without what cannot be by tenant, which is refused. */
export function refuseShared(json: Json, path: ConfigPath, faults: ConfigFault[]): Json {
  const said = without(json, ofService, path, faults);
  const entries = Object.entries(balanced(said, path, faults)).map(([key, value]) => {
    return [key, key === "defaults" ? refuseSharedOfMethod(value, [...path, key], faults) : value];
  });
  return Object.fromEntries(entries);
}

/** The same of a method. What is no object is left to be refused as such. */
export function refuseSharedOfMethod(json: unknown, path: ConfigPath, faults: ConfigFault[]): unknown {
  if (!isFacts(json)) return json;
  return balanced(without(json, ofMethod, path, faults), path, faults);
}

function balanced(json: Json, path: ConfigPath, faults: ConfigFault[]): Json {
  const { balance } = json;
  if (!isFacts(balance)) return json;
  return { ...json, balance: without(balance, ofBalance, [...path, "balance"], faults) };
}

/** Fields may have the .proto's names or those of JSON. */
function without(json: Json, refused: Readonly<Record<string, string>>, path: ConfigPath, faults: ConfigFault[]): Json {
  const kept = Object.entries(json).filter(([key]) => {
    const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const reason = Object.hasOwn(refused, name) ? refused[name] : undefined;
    if (reason !== undefined) faults.push({ path: [...path, key], reason });
    return reason === undefined;
  });
  return Object.fromEntries(kept);
}
