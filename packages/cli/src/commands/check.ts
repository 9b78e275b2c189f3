// SPDX-License-Identifier: Apache-2.0

import type { Router } from "@grpc-router/node";
import { Command, Option } from "commander";
import { usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { createRouterOf, type RouterFlags } from "../module/create-router.js";
import { collect } from "../parse/options.js";
import { formatTable } from "./table.js";

interface CheckFlags extends RouterFlags {
  readonly explain?: string;
  readonly output: "table" | "json";
}

const examples = `
Examples:
  grpc-router check --module ./gen/acme/user/v1/user_router.js --policies policies.yaml
  grpc-router check --module ./user_router.js --policies policies.yaml --explain acme.user.v1.UserService/GetUser`;

/** `grpc-router check`: whether a router would start with these modules and policies, and what counts for a method. */
export function checkCommand(io: Io): Command {
  return new Command("check")
    .description("check policies against generated services, and show what counts for a method")
    .option("--module <file>", "generated router module (x_router.js); may be repeated", collect, [])
    .option(
      "--descriptor-set <file>",
      "services in a descriptor set, such as a buf image; may be repeated",
      collect,
      [],
    )
    .option("--policies <file>", "YAML or JSON: how services are balanced and protected")
    .option("--service-config <file>", "JSON: a gRPC service config")
    .option("--explain <method>", "what counts for pkg.Service/Method, or a service, and who said it")
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText("after", examples)
    .action((flags: CheckFlags) => check(flags, io));
}

async function check(flags: CheckFlags, io: Io): Promise<void> {
  if (flags.module.length + (flags.descriptorSet?.length ?? 0) === 0) {
    throw usageError("Cannot check: give the services with --module or --descriptor-set");
  }
  const router = await createRouterOf(flags, {}, io);
  router.validate();
  if (flags.explain === undefined) {
    const count = router.services.length;
    io.out(`ok: ${count} ${count === 1 ? "service" : "services"}\n`);
    return;
  }
  const { facts, sources } = explain(router, flags.explain);
  const rows = Object.entries(facts).map(([name, value]) => ({ name, value, source: sources[name] ?? "" }));
  if (flags.output === "json") io.out(`${JSON.stringify(rows, null, 2)}\n`);
  else if (rows.length === 0) io.out(`${flags.explain}: nothing is said of it, the defaults count\n`);
  else {
    io.out(
      formatTable([["POLICY", "VALUE", "SAID BY"], ...rows.map((row) => [row.name, show(row.value), row.source])]),
    );
  }
}

interface Explained {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly sources: Readonly<Record<string, string | undefined>>;
}

function explain(router: Router, subject: string): Explained {
  const [service = "", method] = subject.replace(/^\//, "").split("/");
  const policies = router.policiesOf(service);
  if (policies === undefined) {
    throw usageError(
      `Cannot explain ${subject}: the service must be one of ${router.services.join(", ")}, received ${service}`,
    );
  }
  if (method === undefined) return { facts: { ...policies.service.facts }, sources: { ...policies.service.sources } };
  const names = Object.keys(policies.methods);
  const found = names.find((name) => name.toLowerCase() === method.toLowerCase());
  const resolved = found === undefined ? undefined : policies.methods[found];
  if (resolved === undefined) {
    throw usageError(`Cannot explain ${subject}: the method must be one of ${names.join(", ")}, received ${method}`);
  }
  return { facts: { ...resolved.facts }, sources: { ...resolved.sources } };
}

/** As one writes it down: `3`, `{"maxAttempts":3}`. */
function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
