// SPDX-License-Identifier: Apache-2.0

import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { Command } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { askAdmin } from "../admin/ask-admin.js";
import type { Io } from "../io.js";
import { type OutputFormat, outputOption, print } from "../output/print.js";
import { formatFacts } from "./policy-table.js";

interface PolicyFlags extends AdminFlags {
  readonly output: OutputFormat;
  readonly tenant?: string;
}

const examples = `
As grpc-router check --explain, of a router that runs.

Examples:
  grpc-router policy acme.user.v1.UserService/GetUser
  grpc-router policy acme.user.v1.UserService/GetUser --tenant acme
  grpc-router policy acme.user.v1.UserService -o yaml`;

/** `grpc-router policy`: what counts for a method at a running router. */
export function policyCommand(io: Io): Command {
  return withAdminFlags(new Command("policy"))
    .description("show what counts for a method or service at a router, and who said it")
    .argument("<method>", "pkg.Service/Method, or pkg.Service for what belongs to the service as a whole")
    .option("--tenant <id>", "what counts for the calls of this tenant")
    .addOption(outputOption())
    .addHelpText("after", examples)
    .action(async (subject: string, flags: PolicyFlags) => {
      const { facts } = await askAdmin(flags, io, (client) =>
        client.getPolicy({ subject, tenant: flags.tenant ?? "" }),
      );
      const rows = facts.map(({ name, value, source }) => {
        const json: JsonValue = value === undefined ? null : toJson(ValueSchema, value);
        return { name, value: json, source };
      });
      print(io, flags.output, { text: () => formatFacts(subject, rows), data: () => rows });
    });
}
