// SPDX-License-Identifier: Apache-2.0

import { Command, Option } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import type { AdminTarget } from "../admin/admin-target.js";
import { type AdminClient, askAdmin } from "../admin/ask-admin.js";
import { askPage } from "../admin/ask-page.js";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { durationOf } from "../output/format-units.js";
import { pause } from "../output/watch.js";
import { parseDurationMs } from "../parse/options.js";

interface DrainFlags extends AdminFlags {
  readonly router?: true;
  readonly undo?: true;
  readonly service: string;
  readonly grace?: number;
  readonly wait: boolean;
}

/** Milliseconds between looks at what is still open, and between lines that say so. */
const lookMs = 100;
const sayMs = 1_000;

/** Milliseconds for what follows the grace: the router ends the calls and closes its connections. */
const afterGraceMs = 5_000;

/** Time of an instance's calls, in milliseconds, unless said otherwise: the router's own. */
const usualGraceMs = 30_000;

const examples = `
An instance that is drained stays connected and gets no new calls, until --undo or until a new process registers under its id:
drain it, stop it, start the new version. The command waits until its calls have ended; those that outlive the grace end
with UNAVAILABLE, and the command with 3.

Examples:
  grpc-router drain users-1 --grace 1m
  grpc-router drain users-1 --undo
  grpc-router drain --router`;

/** `grpc-router drain`: takes an instance out of rotation, or stops the router in good order. */
export function drainCommand(io: Io): Command {
  return withAdminFlags(new Command("drain"))
    .description("let the calls of an instance end and send it no new ones, or stop the router so")
    .argument("[id]", "id of the instance")
    .option("--router", "the whole router: it accepts nothing new, lets calls end, then stops")
    .option("--undo", "send calls to the instance again")
    .option("--service <name>", "only this service of the instance", "")
    .addOption(
      new Option("--grace <duration>", "time that calls get; default 30s, for the router its own").argParser(
        parseDurationMs,
      ),
    )
    .option("--no-wait", "end at once")
    .addHelpText("after", examples)
    .action((id: string | undefined, flags: DrainFlags) => drain(id, flags, io));
}

async function drain(id: string | undefined, flags: DrainFlags, io: Io): Promise<void> {
  if ((id === undefined) === (flags.router === undefined)) {
    throw usageError(
      "Cannot drain: give the id of an instance (see: grpc-router instances), or --router for all of it",
    );
  }
  if (id === undefined) await askAdmin(flags, io, (client, target) => drainRouter(client, target, flags, io));
  else if (flags.undo === true) await resume(id, flags, io);
  else await askAdmin(flags, io, (client) => drainInstance(client, id, flags, io));
}

async function resume(id: string, flags: DrainFlags, io: Io): Promise<void> {
  const { services } = await askAdmin(flags, io, (client) => client.resumeInstance({ id, service: flags.service }));
  io.out(`${id} gets calls of ${services.join(", ")} again\n`);
}

async function drainInstance(client: AdminClient, id: string, flags: DrainFlags, io: Io): Promise<void> {
  const { service, grace } = flags;
  const order = { id, service, ...(grace === undefined ? {} : { grace: durationOf(grace) }) };
  const { services } = await client.drainInstance(order);
  io.out(`${id} gets no new calls of ${services.join(", ")}\n`);
  if (!flags.wait) return;
  const endMs = performance.now() + (grace ?? usualGraceMs);
  const countOpen = async (): Promise<number> => {
    const { instances } = await client.listInstances({ service });
    return instances.filter((one) => one.id === id).reduce((sum, { openCalls }) => sum + openCalls, 0);
  };
  const open = await waitForZero(countOpen, endMs, io, (count, seconds) => {
    return `${calls(count)} open, ${seconds} s left\n`;
  });
  if (open === 0) io.out(`${id} has no open calls: it may be stopped\n`);
  else if (!io.stop.aborted) {
    throw new CliError(
      ExitCode.callsCut,
      `${id} had ${calls(open)} open when the time was over: UNAVAILABLE. Give them longer with --grace`,
    );
  }
}

async function drainRouter(client: AdminClient, target: AdminTarget, flags: DrainFlags, io: Io): Promise<void> {
  const grace = flags.grace === undefined ? {} : { grace: durationOf(flags.grace) };
  const { openCalls } = await client.drainRouter(grace);
  io.out(`The router accepts no new calls; ${calls(Number(openCalls))} open\n`);
  if (!flags.wait) return;
  const endMs = performance.now() + (flags.grace ?? Number.POSITIVE_INFINITY) + afterGraceMs;
  const answers = async (): Promise<number> => ((await askPage(target, "/live", io)) === undefined ? 0 : 1);
  const left = await waitForZero(answers, endMs, io, () => "");
  if (left === 0) io.out("The router has stopped\n");
  else if (!io.stop.aborted) throw new CliError(ExitCode.failure, "The router still answers. See its log");
}

/** Looks until `count` answers 0, the time is over, or Ctrl-C; says now and then what is left. Answers the last count. */
async function waitForZero(
  count: () => Promise<number>,
  endMs: number,
  io: Io,
  describe: (count: number, secondsLeft: number) => string,
): Promise<number> {
  let saidMs = performance.now();
  for (;;) {
    const left = await count().catch((error: unknown) => {
      if (io.stop.aborted) return Number.NaN; // nobody knows, and nobody waits any more
      throw error;
    });
    const nowMs = performance.now();
    if (left === 0 || nowMs >= endMs || io.stop.aborted) return left;
    if (nowMs - saidMs >= sayMs) {
      saidMs = nowMs;
      io.err(describe(left, Math.ceil((endMs - nowMs) / 1_000)));
    }
    await pause(Math.min(lookMs, endMs - nowMs), io.stop);
  }
}

function calls(count: number): string {
  return count === 1 ? "1 call" : `${count} calls`;
}
