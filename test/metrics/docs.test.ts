// SPDX-License-Identifier: Apache-2.0
// docs/metrics.md lists exactly the metrics that there are.
import { readFileSync } from "node:fs";
import { metricDefinitions, prometheusSample } from "@grpc-router/node";
import { expect, test } from "vitest";

const text = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");

test("docs/metrics.md has a row for each metric, in their order", () => {
  const rows = metricDefinitions.map(({ name, type, unit, labels, description }) => {
    const of = labels.length === 0 ? "none" : labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | \`${unit}\` | ${of} | ${description} |`;
  });
  expect(text.split("\n").filter((line) => /^\| `[a-z0-9]+\.[\w.]+` \|/.test(line))).toEqual(rows);
});

test("docs/metrics.md names metrics that there are", () => {
  const names = new Set(metricDefinitions.flatMap((definition) => [definition.name, prometheusSample(definition)]));
  const labels = new Set(metricDefinitions.flatMap((definition) => definition.labels));
  const mentioned = [...text.matchAll(/`((?:grpc|grpcrouter|process|nodejs|v8js)[._][\w.]+\w)`/g)].map(
    ([, name = ""]) => name,
  );
  expect(mentioned.length).toBeGreaterThan(20);
  const unknown = mentioned.filter((name) => !names.has(name) && !labels.has(name));
  expect(unknown).toEqual(["grpcrouter.instance.version"]);
});
