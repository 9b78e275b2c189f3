// SPDX-License-Identifier: Apache-2.0

/** Prints plain data as a JavaScript literal: `{ number: 173444, routeKey: { path: "user_id", fields: [1] } }`. */
export function formatLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatLiteral).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, inner]) => `${formatKey(name)}: ${formatLiteral(inner)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

/** `__proto__` as a plain key would set the prototype. */
function formatKey(name: string): string {
  if (name === "__proto__") return `["__proto__"]`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
