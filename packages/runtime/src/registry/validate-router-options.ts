// SPDX-License-Identifier: Apache-2.0
import { validateMetricsSettings } from "../metrics/metrics-settings.js";
import { RouterError } from "../router-error.js";
import type { RouterOptions } from "./settings.js";

/**
 * Checks what `createRouter` is told of the router itself.
 *
 * @throws RouterError INVALID_SETTING for a place without a name, or a bound that is no number of bytes.
 */
export function validateRouterOptions(options: RouterOptions): void {
  const { maxReplayBytes, metrics } = options;
  if (metrics !== undefined && metrics !== false) validateMetricsSettings(metrics);
  for (const name of ["zone", "region"] as const) {
    const place: unknown = options[name];
    if (place === undefined || (typeof place === "string" && place !== "")) continue;
    throw refusal(`${name} must be a name, such as "eu-1a", received ${JSON.stringify(place)}`);
  }
  if (maxReplayBytes !== undefined && !(Number.isSafeInteger(maxReplayBytes) && maxReplayBytes >= 0)) {
    throw refusal(`maxReplayBytes must be a whole number of bytes from 0, received ${String(maxReplayBytes)}`);
  }
}

function refusal(rule: string): RouterError {
  return new RouterError("INVALID_SETTING", `Cannot create router: ${rule}`);
}
