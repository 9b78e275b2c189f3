// SPDX-License-Identifier: Apache-2.0

import { type FileHandle, open, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { ProfileKind, type TakeProfileResponse } from "@grpc-router/node";
import { Command, Option } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { type AdminClient, askAdmin, lasting } from "../admin/ask-admin.js";
import { CliError, ExitCode, missingFile, usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { StatusLine } from "../lifecycle/status-line.js";
import { durationOf, formatBytes, formatMs, msOf } from "../output/format-units.js";
import { parseSecondsMs } from "../parse/options.js";

interface ProfileFlags extends AdminFlags {
  readonly file?: string;
}

interface CpuFlags extends ProfileFlags {
  /** Milliseconds. */
  readonly seconds: number;
}

interface HeapFlags extends ProfileFlags {
  readonly yes?: true;
}

/** What is asked for, and how it is told. */
interface Wanted {
  readonly kind: ProfileKind;
  readonly durationMs?: number;
  readonly file: string;
  /** What a terminal shows while nothing has come. */
  readonly waiting: (elapsedMs: number) => string;
  readonly hint: string;
}

const examples = `
Examples:
  grpc-router profile cpu
  grpc-router profile cpu --seconds 30 -f busy.cpuprofile
  grpc-router profile heap --yes -f before.heapsnapshot

Chrome DevTools and Visual Studio Code open both files.`;

/** `grpc-router profile`: looks into the process of a running router. */
export function profileCommand(io: Io): Command {
  const profile = new Command("profile")
    .description("write a CPU profile or a heap snapshot of a running router to a file here")
    .addHelpText("after", examples);
  profile.addCommand(
    withAdminFlags(new Command("cpu"))
      .description("where the router's time goes; costs it a few percent meanwhile")
      .addOption(
        new Option("--seconds <count>", "how long to look, 600 at most")
          .argParser(parseSecondsMs)
          .default(10_000, "10"),
      )
      .option("-f, --file <file>", "default grpc-router-TIME.cpuprofile")
      .action((flags: CpuFlags) => take(flags, io, wantedCpu(flags))),
  );
  profile.addCommand(
    withAdminFlags(new Command("heap"))
      .description("everything in the router's memory, secrets included; the router stands still meanwhile")
      .option("-f, --file <file>", "default grpc-router-TIME.heapsnapshot")
      .option("--yes", "the stand-still and a file with secrets are meant")
      .action((flags: HeapFlags) => {
        if (flags.yes === true) return take(flags, io, wantedHeap(flags));
        throw usageError(
          "Cannot take a heap snapshot without --yes: the router stands still meanwhile, about a second for each 100 MB of its heap, " +
            "and the file has tokens, keys and messages in clear",
        );
      }),
  );
  return profile;
}

function wantedCpu({ file, seconds }: CpuFlags): Wanted {
  return {
    kind: ProfileKind.CPU,
    durationMs: seconds,
    file: file ?? defaultName("cpuprofile"),
    waiting: (elapsedMs) => `Looking: ${formatMs(elapsedMs)} of ${formatMs(seconds)}`,
    hint: "Open it in Chrome DevTools (Performance) or Visual Studio Code",
  };
}

function wantedHeap({ file }: HeapFlags): Wanted {
  return {
    kind: ProfileKind.HEAP,
    file: file ?? defaultName("heapsnapshot"),
    waiting: () => "The router stands still and writes its heap",
    hint: "It has secrets in it: delete it when it has been looked at. Open it in Chrome DevTools (Memory)",
  };
}

async function take(flags: AdminFlags, io: Io, wanted: Wanted): Promise<void> {
  const path = resolve(io.folder, wanted.file);
  const file = await openOwn(path, wanted.file);
  let sizeBytes = 0;
  try {
    sizeBytes = await askAdmin(flags, io, (client) => receive(client, io, wanted, file));
  } catch (error) {
    await file.close();
    // Half a profile is none.
    await rm(path, { force: true });
    if (!io.stop.aborted) throw error;
    throw new CliError(ExitCode.failure, "Stopped before the profile was there: nothing is written", error);
  }
  await file.close();
  io.out(`${wanted.file} has ${formatBytes(sizeBytes)} bytes. ${wanted.hint}\n`);
}

/** Writes what comes, as it comes; answers how much it was. */
async function receive(client: AdminClient, io: Io, wanted: Wanted, file: FileHandle): Promise<number> {
  const line = new StatusLine(io.isTerminal ? io.err : () => {});
  const { kind, durationMs } = wanted;
  const request = { kind, ...(durationMs === undefined ? {} : { duration: durationOf(durationMs) }) };
  let sizeBytes = 0;
  try {
    for await (const response of client.takeProfile(request, lasting(io))) {
      await file.writeFile(response.data);
      sizeBytes += response.data.length;
      line.show(progressOf(response, sizeBytes, wanted));
    }
  } finally {
    line.show("");
  }
  return sizeBytes;
}

function progressOf({ elapsed }: TakeProfileResponse, sizeBytes: number, { waiting }: Wanted): string {
  return sizeBytes === 0 ? waiting(msOf(elapsed) ?? 0) : `${formatBytes(sizeBytes)} bytes written`;
}

/** A file of its own that only its owner reads; one that is there stays as it is. */
async function openOwn(path: string, name: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    const reason = exists ? "there is one already" : error instanceof Error ? error.message : String(error);
    throw missingFile(`Cannot write the profile to ${name}: ${reason}. Give another with --file`, error);
  }
}

/** `grpc-router-20260131T120000.cpuprofile`. */
function defaultName(extension: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  return `grpc-router-${time}.${extension}`;
}
