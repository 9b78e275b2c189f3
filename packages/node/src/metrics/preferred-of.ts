// SPDX-License-Identifier: Apache-2.0

/**
 * The name that a header of preferences likes best (RFC 9110 section 12.5): `Accept` or `Accept-Encoding`. Of equals the
 * one that the header names first; the first of `names` if it names none of them.
 */
export function preferredOf(header: string | undefined, names: readonly [string, ...string[]]): string {
  let best = names[0];
  let bestQuality = 0;
  for (const item of (header ?? "").split(",")) {
    const [range = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const quality = qualityOf(parameters);
    if (!names.includes(range) || quality <= bestQuality) continue;
    best = range;
    bestQuality = quality;
  }
  return best;
}

function qualityOf(parameters: readonly string[]): number {
  const said = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = said === undefined ? 1 : Number(said.slice("q=".length));
  return Number.isFinite(quality) ? quality : 0;
}
