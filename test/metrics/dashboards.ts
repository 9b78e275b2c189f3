// SPDX-License-Identifier: Apache-2.0
// What the dashboards of deploy/ ask of Prometheus.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Alert rules. */
export const rulesFile = `${root}deploy/prometheus/rules.yml`;

/** What makes them fire. */
export const rulesTestFile = `${root}deploy/prometheus/rules.test.yml`;

/** A query and where it stands. */
export interface PanelQuery {
  readonly where: string;
  /** PromQL, with Grafana's variables. */
  readonly expr: string;
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly title: string;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

/** Of all dashboards. */
export const dashboards: readonly (readonly [file: string, dashboard: Dashboard])[] = readdirSync(
  `${root}deploy/grafana`,
).map((file) => [file, JSON.parse(readFileSync(`${root}deploy/grafana/${file}`, "utf8")) as Dashboard]);

/** The queries of all panels. */
export const panelQueries: readonly PanelQuery[] = dashboards.flatMap(([file, { panels }]) =>
  panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: `${file}: ${title}`, expr }))),
);

/** The metrics by which dashboards find the values of their variables. */
export const variableQueries: readonly PanelQuery[] = dashboards.flatMap(([file, { templating }]) =>
  templating.list.flatMap(({ definition }) => {
    const expr = definition?.match(/^label_values\((.*), \w+\)$/)?.[1];
    return expr === undefined ? [] : [{ where: `${file}: ${definition}`, expr }];
  }),
);

/** The names of metrics in a query. */
export function metricsIn(expr: string): string[] {
  const withoutLabels = expr.replaceAll(/\{[^}]*\}/g, "").replaceAll(/\b(by|on|without|ignoring) \([^)]*\)/g, "");
  return [...withoutLabels.matchAll(/\b(?:grpc|grpcrouter|process|nodejs|v8js)_\w+(?!:)\b(?!:)/g)].map(
    ([name]) => name,
  );
}

/** A query as Grafana would send it, with all that can be chosen. */
export function withVariables(expr: string): string {
  return expr
    .replaceAll("$__rate_interval", "5s")
    .replaceAll(/"\$(job|router|service)"/g, '".*"')
    .replaceAll("$service/", ".*/");
}
