// SPDX-License-Identifier: Apache-2.0
import { maxMetricLabels } from "../limits.js";
import { RouterError } from "../router-error.js";

/** What a router counts of calls. */
export interface MetricsSettings {
  /**
   * Labels of instances by which calls and attempts are told apart, such as `version` or `zone`; at most 4. Each set of
   * their values is a series of its own, 64 sets at most, then `other`. Default: none.
   */
  readonly instanceLabels?: readonly string[] | undefined;
}

/** @throws RouterError INVALID_SETTING for labels that cannot be. */
export function validateMetricsSettings({ instanceLabels = [] }: MetricsSettings): void {
  const refuse = (problem: string): never => {
    throw new RouterError("INVALID_SETTING", `Cannot use metrics: ${problem}`);
  };
  if (instanceLabels.length > maxMetricLabels) {
    refuse(`instanceLabels must be at most ${maxMetricLabels}, received ${instanceLabels.length}`);
  }
  if (new Set(instanceLabels.map(plain)).size < instanceLabels.length) {
    refuse(`instanceLabels must differ in letters and digits, received ${instanceLabels.join(", ")}`);
  }
  const wrong = instanceLabels.find((name) => !/^[A-Za-z0-9][\w./-]*$/.test(name));
  if (wrong !== undefined) {
    refuse(`instanceLabels must be letters, digits and . _ - /, received ${JSON.stringify(wrong)}`);
  }
}

/** As formats write it that know letters, digits and `_` only. */
function plain(name: string): string {
  return name.replaceAll(/\W/g, "_");
}
