// SPDX-License-Identifier: Apache-2.0

import { Command, Option } from "commander";
import { type AdminFlags, withAdminFlags } from "../admin/admin-flags.js";
import { type AdminClient, askAdmin } from "../admin/ask-admin.js";
import type { Io, Screen } from "../io.js";
import { pause } from "../output/watch.js";
import { parseDurationMs } from "../parse/options.js";
import { drawTop } from "../top/draw-top.js";
import { TopHistory, type TopSample } from "../top/top-history.js";

interface TopFlags extends AdminFlags {
  readonly interval: number;
}

const examples = `
Rates are those of the last interval, times of calls those since the router's start. Not on a terminal it prints one frame.
q or Ctrl-C ends it.`;

/** A second screen, so that what was there is there again afterwards; without cursor, and without the wrapping of lines. */
const begin = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const end = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** `grpc-router top`: a live view of a running router. */
export function topCommand(io: Io): Command {
  return withAdminFlags(new Command("top"))
    .description("watch a router: instances, rates, latency, states")
    .addOption(
      new Option("--interval <duration>", "time between looks").argParser(parseDurationMs).default(1_000, "1s"),
    )
    .addHelpText("after", examples)
    .action((flags: TopFlags) =>
      askAdmin(flags, io, (client, { url }) => {
        return io.screen === undefined
          ? printOnce(client, flags, io, url)
          : watchScreen(client, flags, io, url, io.screen);
      }),
    );
}

/** One frame, with the rates between two looks. */
async function printOnce(client: AdminClient, { interval }: TopFlags, io: Io, url: string): Promise<void> {
  const history = new TopHistory();
  history.add(await sample(client));
  await pause(interval, io.stop);
  history.add(await sample(client));
  io.out(`${drawTop(history, url, { columns: undefined, rows: undefined, colour: false })}\n`);
}

async function watchScreen(
  client: AdminClient,
  { interval }: TopFlags,
  io: Io,
  url: string,
  screen: Screen,
): Promise<void> {
  const history = new TopHistory();
  const quit = new AbortController();
  const stop = AbortSignal.any([io.stop, quit.signal]);
  const draw = (): void => {
    const { columns, rows, colour } = screen;
    const frame = drawTop(history, url, { columns, rows, colour });
    io.out(`${home}${frame.replaceAll("\n", `${clearLine}\n`)}${clearLine}${clearBelow}`);
  };
  const ends = [
    screen.onResize(draw),
    screen.onKey((key) => {
      if (key === "q" || key === "\u0003") quit.abort();
    }),
  ];
  io.out(begin);
  try {
    while (!stop.aborted) {
      history.add(await sample(client, stop));
      draw();
      await pause(interval, stop);
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    for (const undo of ends) undo();
    io.out(end);
  }
}

async function sample(client: AdminClient, signal?: AbortSignal): Promise<TopSample> {
  const options = signal === undefined ? {} : { signal };
  const [{ instances }, { services }, { methods }] = await Promise.all([
    client.listInstances({}, options),
    client.listServices({}, options),
    client.getCallStats({}, options),
  ]);
  return { atMs: performance.now(), instances, services, methods };
}
