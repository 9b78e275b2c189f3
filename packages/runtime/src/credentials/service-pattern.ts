// SPDX-License-Identifier: Apache-2.0

const serviceName = String.raw`[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*`;
const patternForm = new RegExp(String.raw`^(?:\*|${serviceName}(?:\.\*)?)$`);

/** Whether `text` is a full service name, a package with everything below it (`acme.user.*`), or `*`. */
export function isServicePattern(text: string): boolean {
  return patternForm.test(text);
}

/**
 * Whether `pattern` covers the service: `*` covers all, `acme.user.*` what begins with `acme.user.`, a name itself only.
 * There is no other wildcard, so that what a line allows can be read off it.
 */
export function coversService(pattern: string, service: string): boolean {
  if (pattern === "*") return true;
  return pattern.endsWith(".*") ? service.startsWith(pattern.slice(0, -1)) : service === pattern;
}
