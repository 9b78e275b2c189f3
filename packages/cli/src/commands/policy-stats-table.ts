// SPDX-License-Identifier: Apache-2.0

import type { GetPolicyStatsResponse } from "@grpc-router/node";
import { formatTable } from "../output/format-table.js";

/** Tables for people: what policies did, if they did anything (`all`: also what they did not), and what they hold now. */
export function formatPolicyStats(stats: GetPolicyStatsResponse, all: boolean): string {
  const counts = countsOf(stats).filter(([, count]) => all || count > 0n);
  const held = stats.services.filter(
    ({ extraAttempts, retryTokens, underWay, methodsUnderWay, ejected }) =>
      all || extraAttempts + underWay + methodsUnderWay + ejected > 0 || retryTokens !== undefined,
  );
  let text = "";
  if (counts.length > 0) {
    text += `\n${formatTable([["POLICY", "COUNT"], ...counts.map(([name, count]) => [name, `${count}`])])}`;
  }
  if (held.length === 0) return text;
  const headings = ["SERVICE", "EXTRA ATTEMPTS", "RETRY TOKENS", "LIMITED CALLS", "INSTANCES", "EJECTED"];
  const rows = held.map((usage) => [
    usage.service,
    `${usage.extraAttempts}`,
    usage.retryTokens === undefined ? "-" : `${Number(usage.retryTokens.toFixed(1))}`,
    `${usage.underWay + usage.methodsUnderWay}`,
    `${usage.instances}`,
    `${usage.ejected}`,
  ]);
  return `${text}\n${formatTable([headings, ...rows])}`;
}

function countsOf(stats: GetPolicyStatsResponse): [name: string, count: bigint][] {
  const each = (what: string, counts: Readonly<Record<string, bigint>>): [string, bigint][] =>
    Object.entries(counts).map(([name, count]) => [`${what}: ${inWords(name)}`, count]);
  return [
    ["retries", stats.retries],
    ...each("retries refused", stats.retriesRefused),
    ["hedges", stats.hedges],
    ["fallbacks: to another service", stats.fallbacksRerouted],
    ["fallbacks: own reply", stats.fallbacksReplied],
    ...each("breakers", stats.breakers),
    ...each("ejections", stats.ejections),
  ];
}

/** `attemptsUsed` as `attempts used`. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
