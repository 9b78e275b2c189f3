// SPDX-License-Identifier: Apache-2.0
import type { BenchCase } from "./bench-case.ts";

/**
 * The cases of a form, or those that `only` names: whole ids, or their beginnings with an asterisk, several with commas.
 *
 * @throws Error for a name that fits none, with those there are.
 */
export function chooseCases(
  all: readonly BenchCase[],
  { quick, only }: { readonly quick: boolean; readonly only: string | undefined },
): BenchCase[] {
  if (only === undefined) return all.filter((one) => !quick || one.quick === true);
  const patterns = only.split(",");
  for (const pattern of patterns) {
    if (all.some(({ id }) => fits(id, pattern))) continue;
    throw new Error(
      `Cannot choose cases: a name must be one of ${all.map(({ id }) => id).join(", ")}, received ${pattern}`,
    );
  }
  return all.filter(({ id }) => patterns.some((pattern) => fits(id, pattern)));
}

function fits(id: string, pattern: string): boolean {
  return pattern.endsWith("*") ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
}
