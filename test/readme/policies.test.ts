// SPDX-License-Identifier: Apache-2.0
// docs/balancing.md and docs/resilience.md: what they show in a .proto goes through the generator; what they show in code
// compiles; and both say the same as the operator's file beside them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { run } from "@grpc-router/cli";
import { readPolicies, readServiceConfigFile } from "@grpc-router/node";
import { type PolicyLayer, reasons, serviceConfigLayer } from "@grpc-router/protocol";
import type { GenRouter } from "@grpc-router/protocol/codegenv1";
import { type Balancer, createRouter, type Router, RouterCounters, type ServiceSettings } from "@grpc-router/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestIo } from "../../packages/cli/src/test-io.suite.ts";
import { anyCall, createCandidate, describeBalancer } from "../../packages/runtime/src/balance/balancer.suite.ts";
import { balancerNames } from "../../packages/runtime/src/balance/resolve-balancer.ts";
import { resolveServicePolicies } from "../../packages/runtime/src/registry/service-policies.ts";
import { markedBlock } from "./markdown.ts";
import {
  archiveFile,
  type PolicyBlock,
  policyBlocks,
  policyFile,
  serviceFile,
  settingsModule,
} from "./policy-blocks.ts";
import { policyPages, readPage } from "./policy-tables.ts";
import { createUserProject, type UserProject } from "./user-project.ts";

type Desc = GenRouter<DescService>;

const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
const blocks = policyPages.flatMap((page) => policyBlocks(page, readPage(page)));
const ofKind = (kind: PolicyBlock["kind"]) => blocks.filter((block) => block.kind === kind);
const protos = ofKind("policy.proto");
/** Three ways to say one thing. */
const examples = protos.flatMap((proto) => {
  const code = proto.next;
  const file = code?.next;
  return code?.kind === "policy.ts" && file?.kind === "policy.yaml" ? [{ proto, code, file }] : [];
});
const modules = ofKind("settings.ts");
const [{ text: tenantFile } = { text: "" }] = ofKind("tenants.yaml");

let project: UserProject;
let user: Desc;
let archive: Desc;

beforeAll(async () => {
  project = createUserProject();
  project.write("buf.gen.yaml", `${markedBlock(readme, "buf.gen.yaml")}inputs: [{ directory: proto }]\n`);
  for (const { text } of ofKind("buf.yaml")) project.write("buf.yaml", text);
  const service = readFileSync(join(project.folder, "proto/acme/user/v1/user.proto"), "utf8");
  project.write("proto/acme/user/v1/user_archive.proto", archiveFile(service));
  for (const block of protos) project.write(`proto/page/${block.name}/v1/user.proto`, serviceFile(service, block));
  for (const block of ofKind("policy.ts")) project.write(`src/${block.name}.ts`, settingsModule(block));
  for (const block of ofKind("policy.yaml")) project.write(`${block.name}.yaml`, policyFile(block));
  for (const { name, text } of modules) project.write(`src/${name}.ts`, text);
  for (const { text } of ofKind("custom-balancer.ts")) project.write("src/custom-balancer.ts", text);
  await project.run("npx buf generate");
  user = await importFrom<Desc>("gen/acme/user/v1/user_router.ts", "userServiceRouter");
  archive = await importFrom<Desc>("gen/acme/user/v1/user_archive_router.ts", "userArchiveRouter");
});
afterAll(() => project.remove());

test("code compiles under the strictest settings", async () => {
  await project.run("npx tsc -p . --noEmit");
});

describe("examples", () => {
  test("say it in three ways, but for the strategy of one's own", () => {
    expect(examples.length).toBeGreaterThan(25);
    expect(protos.length - examples.length).toBe(1);
    for (const kind of ["policy.ts", "policy.yaml"] as const) expect(ofKind(kind).length).toBe(examples.length);
  });

  test.each(examples)("$proto.name: .proto, code and file say the same", async ({ proto, code, file }) => {
    const desc = await importFrom<Desc>(`gen/page/${proto.name}/v1/user_router.ts`, "userServiceRouter");
    const said = resolve(desc);
    expect(said).not.toEqual(resolve(user));
    expect(resolve(user, { settings: await recordSettings(code) })).toEqual(said);
    const layers = readPolicies(join(project.folder, `${file.name}.yaml`), [user.service, archive.service]);
    expect(resolve(user, { layers: [...layers.values()] })).toEqual(said);
  });

  test.each(ofKind("check"))("$name: tells what counts, and who said it", async ({ text }) => {
    const files = { "policies.yaml": policyFile(examples[0]?.file as PolicyBlock), "tenants.yaml": tenantFile };
    for (const [name, file] of Object.entries(files)) project.write(name, file);
    const io = createTestIo({ folder: project.folder });
    const command = text.replace("./dist/", "./src/").replace("_router.js", "_router.ts");
    expect(await run(command.trim().split(" ").slice(2), io)).toBe(0);
    const said = text.includes("--tenant")
      ? /balance +\{"leastRequest":\{\},"selector":\{"pool":"gold"\}\} +configuration for the service, tenants with plan=gold/
      : /balance +\{"leastRequest":\{"choiceCount":3\}\} +\w+ for the service/;
    expect(io.text.out).toMatch(said);
  });

  test("by tenant: the file gives each tenant what the page says", () => {
    project.write("tenants.yaml", tenantFile);
    const layers = readPolicies(join(project.folder, "tenants.yaml"), [user.service, archive.service]);
    const policies = resolveServicePolicies({
      desc: user,
      settings: {},
      options: {},
      balancers: new Map(),
      layers: [...layers.values()],
    });
    const limit = { concurrencyLimit: { maxConcurrent: 20 } };
    expect(policies.resolved.tenants?.classes.map(({ tenants }) => tenants)).toEqual([["acme"], ["beta"]]);
    expect(policies.tenantMethod(0, "getUser").facts).toMatchObject({ timeoutMs: 10_000, priority: "high" });
    expect(policies.tenantMethod(1, "getUser").facts).toEqual({ timeoutMs: 500, ...limit });
    expect(policies.tenantMethod(1, "watchUsers").facts).toEqual({ timeoutMs: 2_000, ...limit });
    expect(policies.method("getUser").facts).toEqual({ timeoutMs: 2_000 });
  });

  test.each(ofKind("service-config.json"))("$name: is read without a warning, and says something", ({ name, text }) => {
    project.write(`${name}.json`, text);
    const { config, warnings } = readServiceConfigFile(join(project.folder, `${name}.json`));
    expect(warnings).toEqual([]);
    expect(resolve(user, { layers: [serviceConfigLayer(config, user.service)] })).toMatchObject({
      shared: { retryThrottling: { maxTokens: 10 } },
      methods: { getUser: { timeoutMs: 2_000, retry: { maxAttempts: 3, initialBackoffMs: 50 } } },
    });
  });

  test.each(modules)("$name: makes a router", async ({ name }) => {
    const router = await importFrom<Router>(`${name}.ts`, "router");
    expect(router.services).toEqual(["acme.user.v1.UserService"]);
  });
});

describe("words", () => {
  const pages = policyPages.map(readPage).join("\n");
  const texts = pages.replaceAll(/^```.*?^```$/gms, "");
  const codes = Array.from(texts.matchAll(/`([^`\n]+)`/g), ([, code = ""]) => code);

  test("in capitals are reasons", () => {
    const words = codes.filter((code) => /^[A-Z]+_[A-Z_]+$/.test(code));
    expect(words.length).toBeGreaterThan(8);
    expect(words.filter((word) => !Object.hasOwn(reasons, word))).toEqual([]);
  });

  test("name each counter of policies", () => {
    const { retriesRefused, fallbacks, breakers, ejections } = new RouterCounters();
    const groups = { retriesRefused, fallbacks, breakers, ejections };
    const names = Object.entries(groups).flatMap(([group, counts]) =>
      Object.keys(counts).map((kind) => `${group}.${kind}`),
    );
    const named = codes.filter((code) => Object.keys(groups).some((group) => code.startsWith(`${group}.`)));
    expect([...new Set(named)].sort()).toEqual(names.sort());
    expect(codes).toEqual(expect.arrayContaining(["retries", "hedges"]));
  });

  test("lead to a section for each strategy", () => {
    for (const name of [...balancerNames, "custom"]) {
      expect(pages).toContain(`\n### ${name}\n`);
      expect(pages).toContain(`[\`${name}\`](#${name})`);
    }
  });
});

describe("the custom strategy", () => {
  let create: () => Balancer;
  beforeAll(async () => {
    create = await importFrom<() => Balancer>("custom-balancer.ts", "createCoolest");
  });

  describeBalancer({ create: () => create(), name: "coolest", weighted: false });

  test("takes the coolest of those that can take the call", () => {
    const load = { memUtilization: 0, applicationUtilization: 0, rps: 0, eps: 0, loopDelayUs: 0 };
    const list = [0.9, 0.2, 0.4].map((cpuUtilization, index) => {
      return createCandidate(`i${index}`, { load: { cpuUtilization, ...load }, ready: index !== 1 });
    });
    expect(create().pick({ list, away: [], version: 1 }, anyCall, () => 0)?.instanceId).toBe("i2");
  });
});

/** What a module of the project exports under a name. */
async function importFrom<T>(path: string, name: string): Promise<T> {
  const module = (await import(join(project.folder, "src", path))) as Readonly<Record<string, T>>;
  const value = module[name];
  if (value === undefined) throw new Error(`Cannot use ${path}: it must export ${name}`);
  return value;
}

/** What a block says of the service, to a router that takes it. */
async function recordSettings({ name }: PolicyBlock): Promise<ServiceSettings> {
  const run = await importFrom<(router: Router) => void>(`${name}.ts`, "run");
  const router = createRouter();
  const recorded: ServiceSettings[] = [];
  run({
    ...router,
    service(desc, settings = {}) {
      recorded.push(settings as ServiceSettings);
      return router.service(desc, settings);
    },
  });
  expect(recorded.length).toBe(1);
  return recorded[0] ?? {};
}

interface Said {
  readonly settings?: ServiceSettings;
  readonly layers?: readonly PolicyLayer[];
}

/** All that counts for a service and its methods. */
function resolve(desc: Desc, { settings = {}, layers = [] }: Said = {}): unknown {
  const policies = resolveServicePolicies({ desc, settings, options: {}, balancers: new Map(), layers });
  const methods = desc.service.methods.map(({ localName }) => [localName, policies.method(localName).facts]);
  return { shared: policies.shared, methods: Object.fromEntries(methods) };
}
