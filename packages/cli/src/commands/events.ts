// SPDX-License-Identifier: Apache-2.0

import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@grpc-router/node";
import { Command, Option } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { type AdminClient, askAdmin, untilStopped } from "../admin/ask-admin.js";
import type { Io } from "../io.js";
import { printable } from "../output/printable.js";
import { collect, parseCount } from "../parse/options.js";

interface EventsFlags extends AdminFlags {
  readonly follow?: true;
  readonly since: number;
  readonly kind: readonly string[];
  readonly output: "text" | "json";
}

const examples = `
Examples:
  grpc-router events
  grpc-router events --follow --kind ejected --kind breaker_opened
  grpc-router events --since 120 -o json`;

/** `grpc-router events`: what happened at a running router, and what happens. */
export function eventsCommand(io: Io): Command {
  return withAdminFlags(new Command("events"))
    .description("show what happened at a router: registrations, drains, ejections, breakers, reloads, orders")
    .option("-f, --follow", "go on with what happens, until Ctrl-C")
    .addOption(new Option("--since <id>", "only events after this one").argParser(parseCount).default(0))
    .option("--kind <kind>", "only this kind, such as registered; may be repeated", collect, [])
    .addOption(new Option("-o, --output <format>").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((flags: EventsFlags) => askAdmin(flags, io, (client) => follow(client, flags, io)));
}

async function follow(client: AdminClient, flags: EventsFlags, io: Io): Promise<void> {
  const request = { since: BigInt(flags.since), noFollow: flags.follow !== true, kinds: [...flags.kind] };
  let count = 0;
  for await (const { events, lost } of untilStopped(io, (options) => client.watchEvents(request, options))) {
    if (lost > 0n) io.err(`${lost} events before these are no longer kept\n`);
    for (const event of events) {
      count++;
      io.out(`${flags.output === "json" ? toJsonString(EventSchema, event) : formatEvent(event)}\n`);
    }
  }
  if (count > 0 || flags.follow === true || flags.output !== "text") return;
  const kinds = await kindsAt(client, io);
  io.out(`No such event has happened. Kinds that have: ${printable(kinds.join(", ")) || "none"}\n`);
}

/** Of all events that are kept. */
async function kindsAt(client: AdminClient, io: Io): Promise<readonly string[]> {
  const kinds = new Set<string>();
  for await (const { events } of untilStopped(io, (options) =>
    client.watchEvents({ since: 0n, noFollow: true }, options),
  )) {
    for (const { kind } of events) kinds.add(kind);
  }
  return [...kinds].toSorted();
}

/** One line: number, time, kind, sentence. */
function formatEvent({ id, time, kind, level, message }: Event): string {
  const at = time === undefined ? "" : timestampDate(time).toISOString();
  const mark = level === "info" ? "" : ` ${level}`;
  return printable(`${id} ${at}${mark} ${kind}: ${message}`);
}
