// SPDX-License-Identifier: Apache-2.0

import { toJsonString } from "@bufbuild/protobuf";
import { type TapCallsResponse, TapEventSchema } from "@grpc-router/node";
import { Command, Option } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { type AdminClient, askAdmin, untilStopped } from "../admin/ask-admin.js";
import { usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { durationOf } from "../output/format-units.js";
import { collectLabel, parseCount, parseDurationMs, parseShare } from "../parse/options.js";
import { formatTapEvent } from "./tap-lines.js";

interface TapFlags extends AdminFlags {
  readonly method?: string;
  readonly service?: string;
  readonly instance?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly failed: boolean;
  readonly slower?: number;
  readonly sample?: number;
  readonly count: number;
  readonly messages: boolean;
  readonly maxBytes: number;
  readonly output: "table" | "json";
}

const examples = `
Examples:
  grpc-router tap --method acme.user.v1.UserService/GetUser --count 10
  grpc-router tap --failed
  grpc-router tap --service acme.user.v1.UserService --slower 100ms --sample 0.1
  grpc-router tap --metadata user-agent=probe/1 -o json
  grpc-router tap --method acme.user.v1.UserService/GetUser --messages --count 1

Calls are chosen as they come; all that is said must hold. With --failed or --slower a call is shown when it has ended.
Metadata that may be secret is shown by its length. Messages are shown as they are, as JSON if the router knows their schema.`;

/** `grpc-router tap`: chosen calls of a running router, as they go. */
export function tapCommand(io: Io): Command {
  return withAdminFlags(new Command("tap"))
    .description("watch calls as they go: head with metadata, attempts, end")
    .option("--method <name>", "only this pkg.Service/Method")
    .option("--service <name>", "only this pkg.Service")
    .option("--instance <id>", "only those that this instance gets")
    .option("--metadata <name=value>", "only those with this metadata; may be repeated", collectLabel, {})
    .option("--failed", "only those that end with another status than OK", false)
    .addOption(
      new Option("--slower <duration>", "only those that last longer, such as 100ms").argParser(parseDurationMs),
    )
    .addOption(new Option("--sample <share>", "this share of them, such as 0.1").argParser(parseShare))
    .addOption(new Option("--count <calls>", "end after so many; else Ctrl-C ends it").argParser(parseCount).default(0))
    .option("--messages", "their messages, too, if the router was started with --allow-tap-messages", false)
    .addOption(new Option("--max-bytes <count>", "octets of each message").argParser(parseCount).default(1_024))
    .addOption(
      new Option("-o, --output <format>", "lines for people, or one JSON object a line")
        .choices(["table", "json"])
        .default("table"),
    )
    .addHelpText("after", examples)
    .action((flags: TapFlags) => {
      if (flags.method !== undefined && flags.service !== undefined) {
        throw usageError("Cannot tap calls: give --method pkg.Service/Method or --service pkg.Service, not both");
      }
      return askAdmin(flags, io, (client) => follow(client, flags, io));
    });
}

async function follow(client: AdminClient, flags: TapFlags, io: Io): Promise<void> {
  const request = requestOf(flags);
  let isFirst = true;
  for await (const response of untilStopped(io, (options) => client.tapCalls(request, options))) {
    if (isFirst) io.err("Watching; Ctrl-C ends it\n");
    isFirst = false;
    write(io, response, flags.output);
  }
}

function requestOf({ method, service, instance = "", metadata, failed, slower, sample, count, ...flags }: TapFlags) {
  return {
    method: method ?? service ?? "",
    instance,
    metadata: { ...metadata },
    failed,
    count: BigInt(count),
    messages: flags.messages,
    maxMessageBytes: flags.maxBytes,
    ...(slower === undefined ? {} : { slowerThan: durationOf(slower) }),
    ...(sample === undefined ? {} : { sample }),
  };
}

function write(io: Io, { events, lost, passedOver }: TapCallsResponse, output: TapFlags["output"]): void {
  if (passedOver > 0n)
    io.err(`${passedOver} calls were passed over: too much happens. Choose fewer, or use --sample\n`);
  if (lost > 0n) io.err(`${lost} events before these are lost: they came faster than they were read\n`);
  for (const event of events) {
    io.out(output === "json" ? `${toJsonString(TapEventSchema, event)}\n` : formatTapEvent(event));
  }
}
