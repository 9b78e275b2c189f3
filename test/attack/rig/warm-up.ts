// SPDX-License-Identifier: Apache-2.0
import { RawSetting } from "@grpc-router/testing/raw-http2";
import { holdOrder, Path, watchOrder } from "../raw/orders.ts";
import { openRawClient, type RawClient } from "../raw/raw-client.ts";
import { settingOf } from "../raw/reaction.ts";
import type { TargetAddress } from "../targets/target.ts";

/** Calls one after the other, as far as `atOnce` lets them. */
const calls = 1_000;
const atOnce = 100;
/** Connections that come and go, a call each. */
const visits = 2_000;
/** Connections that are open at once and do nothing. */
const idle = 1_000;
/** Clients that have as many calls open as they may, and how long. */
const busyClients = 5;
const mostBusy = 1_000;
const busyMs = 500;
/** Downloads at once, and what each brings. */
const downloads = 20;
const reports = 200;
const reportBytes = 16_384;

/**
 * Honest work of each kind, and much of it, so that the target's code is warm, its pools full and its heap as large as work
 * makes it: what memory an attack adds can be told only on top of that.
 */
export async function warmUp(address: TargetAddress): Promise<void> {
  await withClient(address, (client) => client.calls(calls, atOnce, { path: Path.echo }));
  for (let visited = 0; visited < visits; visited += atOnce) {
    const visit = () => withClient(address, (client) => client.call({ path: Path.echo }));
    await Promise.all(Array.from({ length: atOnce }, visit));
  }
  await openIdle(address);
  await Promise.all(Array.from({ length: busyClients }, () => withClient(address, keepBusy)));
  const download = { path: Path.watch, messages: [watchOrder(reports, reportBytes)] };
  await withClient(address, (client) => client.calls(downloads, downloads, download));
}

/** Fewer where the target takes fewer. */
async function openIdle(address: TargetAddress): Promise<void> {
  const clients: RawClient[] = [];
  for (let opened = 0; opened < idle; opened += atOnce) {
    const opening = await Promise.allSettled(Array.from({ length: atOnce }, () => openRawClient(address)));
    const made = opening.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    clients.push(...made);
    if (made.length < atOnce) break;
  }
  for (const client of clients) client.close();
}

/** As many calls at once as the target takes, until their caller has enough. */
async function keepBusy(client: RawClient): Promise<void> {
  const most = Math.min(mostBusy, settingOf(client.connection, RawSetting.maxConcurrentStreams) ?? atOnce);
  await client.calls(most, most, { path: Path.run, messages: [holdOrder], cancelAfterMs: busyMs });
}

async function withClient(address: TargetAddress, work: (client: RawClient) => Promise<unknown>): Promise<void> {
  const client = await openRawClient(address);
  await work(client);
  client.close();
}
