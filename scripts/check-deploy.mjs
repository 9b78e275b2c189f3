// SPDX-License-Identifier: Apache-2.0
// What is in deploy/ is taken by the tools that read it: hadolint, systemd-analyze, helm, kubeconform with Kubernetes' own
// schemas. `npm run check:deploy`; scripts/install-tools.sh installs the tools.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeSchemas } from "./kubernetes-schemas.mjs";

const tools = resolve(".cache/tools");
/** The oldest Kubernetes that the manifests are for. */
const kubernetes = "1.30.0";
const chart = "deploy/helm/grpc-router";
/** systemd's figure for what a service may do, times ten: 0 nothing, 100 everything. */
const maxExposure = 20;

/** Values that take every branch of the chart's templates. */
const valueSets = {
  "as it comes": [],
  everything: [
    "descriptorSets.configMap=sets,tls.existingSecret=tls,tls.clientCa=true,extraArgs={--zone=a}",
    "extraEnv[0].name=A,extraEnv[0].value=b,imagePullSecrets[0].name=pull,image.tag=1.2.3,service.type=LoadBalancer",
    "service.annotations.a=b,podAnnotations.a=b,podLabels.a=b,nodeSelector.a=b,priorityClassName=high,fullnameOverride=router",
    "tolerations[0].key=a,tolerations[0].operator=Exists,affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight=1,affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key=disk,affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].operator=Exists",
    "topologySpreadConstraints[0].maxSkew=1,topologySpreadConstraints[0].topologyKey=zone,topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule",
  ],
  "nothing that can be left out": [
    "serviceAccount.create=false,podDisruptionBudget.enabled=false,service.headless=false",
  ],
};
/** Values that the chart's schema must refuse. */
const refused = [
  "replicas=3",
  "replicaCount=many",
  "graceSeconds=-1",
  "service.port=0",
  "logLevel=loud",
  "secrets.existingSecret=",
];

const faults = [];
const folder = mkdtempSync(join(tmpdir(), "grpc-router-deploy-"));
try {
  step("hadolint", ["deploy/docker/Dockerfile"]);
  step("systemd-analyze", ["verify", ...globSync("deploy/systemd/*.service")]);
  step("systemd-analyze", [
    "security",
    "--offline=true",
    `--threshold=${maxExposure}`,
    ...globSync("deploy/systemd/*.service"),
  ]);
  const schemas = join(folder, "schemas");
  writeSchemas(join(tools, "kubernetes-openapi"), schemas);
  const strict = ["-strict", "-summary", "-schema-location", `${schemas}/{{.ResourceKind}}{{.KindSuffix}}.json`];
  const manifests = globSync("deploy/kubernetes/*.yaml").filter((file) => !file.endsWith("kustomization.yaml"));
  step("kubeconform", [...strict, ...manifests]);
  const misspelt = readFileSync("deploy/kubernetes/deployment.yaml", "utf8").replace(
    "readinessProbe:",
    "readynessProbe:",
  );
  mustFail("kubeconform", [...strict, "-"], "a misspelt field", misspelt);
  step("helm", ["lint", "--strict", "--quiet", "--kube-version", kubernetes, chart]);
  for (const [name, values] of Object.entries(valueSets)) {
    const args = [
      "template",
      "router",
      chart,
      "--kube-version",
      kubernetes,
      ...values.flatMap((set) => ["--set", set]),
    ];
    const rendered = step("helm", args, name);
    step("kubeconform", [...strict, "-"], `the chart, ${name}`, rendered);
  }
  for (const set of refused)
    mustFail("helm", ["template", "router", chart, "--kube-version", kubernetes, "--set", set], set);
} finally {
  rmSync(folder, { recursive: true });
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? "deploy: all tools take it" : `deploy: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Runs a tool; answers with what it wrote. */
function step(tool, args, what = args.at(-1), input = "") {
  const { status, text } = run(tool, args, input);
  if (status !== 0) faults.push(`${what}: ${tool} complains:\n${text.trim()}`);
  return text;
}

function mustFail(tool, args, what, input = "") {
  if (run(tool, args, input).status === 0) faults.push(`${what}: ${tool} must refuse it, it does not`);
}

function run(tool, args, input) {
  const own = join(tools, "bin", tool);
  const { status, stdout, stderr, error } = spawnSync(existsSync(own) ? own : tool, args, { input, encoding: "utf8" });
  return { status, text: error?.message ?? (status === 0 ? stdout : `${stdout}${stderr}`) };
}
