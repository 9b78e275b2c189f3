// SPDX-License-Identifier: Apache-2.0

/**
 * Lays `over` on `base`: maps merge, name by name; lists and all other values replace what was there, and null takes back
 * what was said.
 */
export function mergeValues(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isMap(base) || !isMap(over)) return over;
  const merged = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(over)) {
    if (value === null && merged.has(name)) merged.delete(name);
    else merged.set(name, merged.has(name) ? mergeValues(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

/** Whether a value of JSON has names. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at the end of a path, as far as own names and items go; `found` says whether it is there. */
export function lookUp(
  value: unknown,
  path: readonly (string | number)[],
): { readonly found: boolean; value: unknown } {
  let inner = value;
  for (const step of path) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, step))
      return { found: false, value: undefined };
    inner = (inner as Readonly<Record<string | number, unknown>>)[step];
  }
  return { found: true, value: inner };
}
