// SPDX-License-Identifier: Apache-2.0
import type { TargetName } from "../attack.ts";
import { comparedMs, isBack, isVictimServedWell } from "../rig/judge.ts";
import type { AttackResult } from "../rig/run-attack.ts";
import type { RunReport } from "./run-report.ts";

/** The reports of the targets there are. */
export type RunReports = Partial<Record<TargetName, RunReport>>;

const titles: Readonly<Record<TargetName, string>> = {
  router: "gRPC Router",
  "node-http2": "node:http2",
  haproxy: "HAProxy",
  envoy: "Envoy",
};
const mib = 1024 * 1024;

/** Where the results come from: a line for each target. */
export function provenance(reports: RunReports): string {
  return entries(reports)
    .map(([name, { target, form, date, machine }]) => `- ${titles[name]}: ${target}; ${form} form, ${date}, ${machine}`)
    .join("\n");
}

/** What each attack did to everybody else: one row an attack, one column a target. */
export function harmTable(reports: RunReports): string {
  return tableOf(reports, harmOf);
}

/** What each target did about each attack. */
export function reactionTable(reports: RunReports): string {
  return tableOf(reports, ({ attack }) => attack.reaction.replaceAll(/(Infinity|NaN) s/g, "not in this time"));
}

/**
 * What a target's users noticed, by the same rules for all targets: calls of the victim that failed, a p99 above twice its
 * baseline and a bystander's, memory that did not come back, a process that ended.
 */
export function harmOf({ victim, memory, faults }: AttackResult): string {
  const failed = victim.failures.length;
  const kept = (memory.after.residentBytes - memory.before.residentBytes) / mib;
  const harms = [
    failed === 0 ? "" : `${failed} calls failed`,
    isVictimServedWell(victim) ? "" : `p99 ${timesOf(victim.attacked.p99Ms / comparedMs(victim))}`,
    isBack(memory.before, memory.after) ? "" : `${kept.toFixed(0)} MiB kept`,
    faults.some((fault) => / ended with code /.test(fault)) ? "process ended" : "",
  ].filter((harm) => harm !== "");
  return harms.length > 0 ? `**${harms.join(", ")}**` : "none";
}

function timesOf(ratio: number): string {
  return Number.isFinite(ratio) ? `${ratio.toFixed(1)} times` : "without end";
}

function tableOf(reports: RunReports, cell: (result: AttackResult) => string): string {
  const columns = entries(reports);
  const ids = new Map(columns.flatMap(([, { results }]) => results.map(({ id, name }) => [id, name] as const)));
  const order = new Intl.Collator("en", { numeric: true });
  const rows = [...ids].sort(([one], [other]) => order.compare(one, other));
  const cells = (id: string) => columns.map(([, report]) => cellOf(report, id, cell));
  return [
    `| attack | ${columns.map(([name]) => titles[name]).join(" | ")} |`,
    `|---|${columns.map(() => "---|").join("")}`,
    ...rows.map(([id, name]) => `| ${id} ${name} | ${cells(id).join(" | ")} |`),
  ].join("\n");
}

function cellOf({ results, broken }: RunReport, id: string, cell: (result: AttackResult) => string): string {
  const result = results.find((one) => one.id === id);
  if (result !== undefined) return cell(result).replaceAll("|", "\\|");
  return broken.some((one) => one.id === id) ? "**not run to its end**" : "cannot be attacked so";
}

function entries(reports: RunReports): [TargetName, RunReport][] {
  const names: readonly TargetName[] = ["router", "node-http2", "haproxy", "envoy"];
  return names.flatMap((name) => {
    const report = reports[name];
    return report === undefined ? [] : [[name, report] as [TargetName, RunReport]];
  });
}
