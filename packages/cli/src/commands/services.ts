// SPDX-License-Identifier: Apache-2.0

import { toJson } from "@bufbuild/protobuf";
import { ListServicesResponseSchema, MethodKind, type Service } from "@grpc-router/node";
import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { askAdmin } from "../admin/ask-admin.js";
import type { Io } from "../io.js";
import { formatTable } from "../output/format-table.js";
import { type OutputFormat, outputOption, print } from "../output/print.js";

interface ServicesFlags extends AdminFlags {
  readonly output: OutputFormat;
}

const examples = `
Examples:
  grpc-router services
  grpc-router services -o yaml`;

const KINDS = new Map<MethodKind, string>([
  [MethodKind.UNARY, "unary"],
  [MethodKind.SERVER_STREAMING, "server streaming"],
  [MethodKind.CLIENT_STREAMING, "client streaming"],
  [MethodKind.BIDI_STREAMING, "bidi streaming"],
]);

/** `grpc-router services`: what a running router routes. */
export function servicesCommand(io: Io): Command {
  return withAdminFlags(new Command("services"))
    .description("list the services that a router routes, their methods, and who serves them")
    .addOption(outputOption())
    .addHelpText("after", examples)
    .action(async (flags: ServicesFlags) => {
      const response = await askAdmin(flags, io, (client) => client.listServices({}));
      print(io, flags.output, {
        text: () => formatServices(response.services),
        data: () => toJson(ListServicesResponseSchema, response),
      });
    });
}

/** A table with a line per method, for people. */
function formatServices(services: readonly Service[]): string {
  if (services.length === 0) return "No service is routed.\n";
  return formatTable([
    ["SERVICE", "HEALTH", "METHOD", "KIND", "INSTANCES", "WAITING"],
    ...services.flatMap(({ name, serving, methods }) =>
      methods.map((method, index) => [
        index === 0 ? name : "",
        index > 0 ? "" : serving ? "serving" : "not serving",
        method.name,
        KINDS.get(method.kind) ?? "unknown",
        `${method.available}`,
        `${method.waitingCalls}`,
      ]),
    ),
  ]);
}
