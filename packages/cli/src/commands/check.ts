// SPDX-License-Identifier: Apache-2.0

import { Command, Option } from "commander";
import { usageError } from "../cli-error.js";
import { loadConfigOf } from "../config/configured-flags.js";
import { findOpenAccess, findOpenAdmin } from "../config/find-open-access.js";
import { findUnusableTls } from "../config/find-unusable-tls.js";
import type { Io } from "../io.js";
import { createRouterOf, type RouterFlags } from "../module/create-router.js";
import { collect } from "../parse/options.js";
import { explain } from "./explain.js";
import { formatFacts } from "./policy-table.js";

interface CheckFlags extends RouterFlags {
  readonly explain?: string;
  readonly tenant?: string;
  readonly output: "table" | "json";
}

const examples = `
Examples:
  grpc-router check router.yaml
  grpc-router check base.yaml production.yaml --explain acme.user.v1.UserService/GetUser
  grpc-router check --module ./gen/acme/user/v1/user_router.js --policies policies.yaml
  grpc-router check --descriptor-set image.binpb --policies policies.yaml --explain acme.user.v1.UserService/GetUser
  grpc-router check --module ./user_router.js --policies policies.yaml --explain acme.user.v1.UserService/GetUser --tenant acme`;

/**
 * `grpc-router check`: whether a router would start with this configuration, or with these modules and policies, and what
 * counts for a method.
 */
export function checkCommand(io: Io): Command {
  return new Command("check")
    .description("check a configuration, or policies against services, and show what counts for a method")
    .argument("[file...]", "configuration files; the later goes before the earlier")
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
    .option("--tenant <id>", "with --explain: what counts for the calls of this tenant")
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText("after", examples)
    .action((files: readonly string[], flags: CheckFlags) => check(configured(files, flags, io), io));
}

/** The flags with the services of a configuration, where they name none. */
function configured(files: readonly string[], flags: CheckFlags, io: Io): CheckFlags {
  const loaded = loadConfigOf(files, io);
  if (loaded === undefined) return flags;
  const { module, descriptorSet = [] } = flags;
  const { modules, descriptorSets, descriptorFolders, serviceNames, serviceConfig } = loaded.settings;
  const refused = [...findOpenAccess(loaded, io), ...findOpenAdmin(loaded, io), ...findUnusableTls(loaded)];
  return {
    ...flags,
    loaded: { ...loaded, mistakes: loaded.sort([...loaded.mistakes, ...refused]) },
    module: module.length === 0 ? modules : module,
    descriptorSet: descriptorSet.length === 0 ? descriptorSets : descriptorSet,
    descriptorDir: descriptorFolders,
    service: serviceNames,
    ...(flags.serviceConfig === undefined && serviceConfig !== undefined ? { serviceConfig } : {}),
  };
}

async function check(flags: CheckFlags, io: Io): Promise<void> {
  const { loaded } = flags;
  if (loaded === undefined && flags.module.length + (flags.descriptorSet?.length ?? 0) === 0) {
    throw usageError("Cannot check: give a configuration, or the services with --module or --descriptor-set");
  }
  const router = await createRouterOf(flags, loaded?.settings.router ?? {}, io);
  router.validate();
  if (flags.explain === undefined) {
    if (flags.tenant !== undefined) throw usageError("Cannot use --tenant: --explain must be there, too");
    const count = router.services.length;
    io.out(`ok: ${count} ${count === 1 ? "service" : "services"}\n`);
    return;
  }
  const facts = explain(router, flags.explain, flags.tenant);
  io.out(flags.output === "json" ? `${JSON.stringify(facts, null, 2)}\n` : formatFacts(flags.explain, facts));
}
